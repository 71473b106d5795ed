package rule

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "port-name-invalid",
		Title: "The API server accepts the name of every port",
		Why: "A port of a container has a name of at most 15 lower-case letters, digits and dashes, with a letter among " +
			"them, and so has every reference to one: a port number in quotes is an invalid name. A port of a Service may " +
			"have up to 63 characters, and needs a name if the Service has several ports. The API server rejects the " +
			"object otherwise.",
		Bad: `ports:
  - name: failure-detector   # 16 characters
    containerPort: 57800`,
		Good: `ports:
  - name: failure-detect
    containerPort: 57800`,
		Severity: Error,
		Refused:  true,
		Check:    checkPortNameInvalid,
	})
}

func checkPortNameInvalid(p *Pass) {
	for o, c := range containers(p) {
		for port := range c.Get("ports").Items() {
			if problem := portNameProblem(port.Get("name")); problem != "" {
				p.reportContainer(o, c, port.Get("name"),
					fmt.Sprintf("has a port with the invalid name %q: %s", port.Get("name").Text(), problem),
					"Shorten or correct the name, and use the new one in Services and probes too.")
			}
		}
		for probe, port := range probePorts(c) {
			p.reportPortReference(o, c.Name, fmt.Sprintf("the %s of %s %q of %s uses", probe, c.Role, c.Name, o), port)
		}
	}
	for _, o := range p.Rendered.Objects {
		if o.Kind == "Service" && !isCustom(o) {
			p.checkServicePortNames(o)
		}
	}
}

func (p *Pass) checkServicePortNames(o *chart.Object) {
	p.reportUnnamedPorts(o)
	for port := range o.Get("spec", "ports").Items() {
		p.reportPortReference(o, "", o.String()+" targets", port.Get("targetPort"))
		name := port.Get("name")
		if problems := validation.IsDNS1123Label(name.Text()); name.Text() != "" && len(problems) > 0 {
			p.Report(Finding{
				Node:    name,
				Message: fmt.Sprintf("%s has a port with the invalid name %q: %s", o, name.Text(), problems[0]),
				Fix:     "Use at most 63 lower-case letters, digits and dashes.",
				Object:  o.String(),
			})
		}
	}
}

// reportUnnamedPorts reports the ports without a name of a Service that has several.
func (p *Pass) reportUnnamedPorts(o *chart.Object) {
	var unnamed []string
	var first chart.Node
	count := 0
	for port := range o.Get("spec", "ports").Items() {
		count++
		if port.Get("name").Text() == "" {
			unnamed = append(unnamed, port.Get("port").Text())
			first = firstOf(first, port.Get("port"), port)
		}
	}
	if count < 2 || len(unnamed) == 0 {
		return
	}
	p.Report(Finding{
		Node:    first,
		Message: fmt.Sprintf("%s has %d ports, which all need a name; without one: %s", o, count, list(unnamed)),
		Fix:     "Name each port of the Service.",
		Object:  o.String(),
		Field:   "spec.ports",
	})
}

// reportPortReference reports a reference to a container's port by a string that is no valid name.
func (p *Pass) reportPortReference(o *chart.Object, container, subject string, port chart.Node) {
	problem := portNameProblem(port)
	if problem == "" {
		return
	}
	fix := "Correct the name, here and in the container."
	if isNumber(port.Text()) {
		problem, fix = "a number in quotes is read as a name", "Write the number without quotes: `{{ … | int }}`."
	}
	p.Report(Finding{
		Node:      port,
		Message:   fmt.Sprintf("%s the invalid port name %q: %s", subject, port.Text(), problem),
		Fix:       fix,
		Object:    o.String(),
		Container: container,
	})
}

// portNameProblem returns the problem with a name of a container's port, or "". A number is not a name.
func portNameProblem(n chart.Node) string {
	if n.Type() != chart.String || n.Text() == "" {
		return ""
	}
	return strings.Join(validation.IsValidPortName(n.Text()), ", ")
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
