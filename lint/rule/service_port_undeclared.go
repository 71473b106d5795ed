package rule

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "service-port-undeclared",
		Title: "A container declares every target port of a Service",
		Why: "A port name that no selected container declares for the protocol gets no endpoints. It is a warning if " +
			"the template of the pods names the port, under a condition that is not met. A port number works even if it " +
			"is not declared, so an undeclared number beside declared ports is only an info.",
		Bad: `kind: Service
spec:
  ports: [{port: 80, targetPort: http}]   # the container names its port web`,
		Good: `kind: Service
spec:
  ports: [{port: 80, targetPort: web}]`,
		Severity: Error,
		Check:    checkServicePortUndeclared,
	})
}

func checkServicePortUndeclared(p *Pass) {
	ws := workloadsOf(p)
	for _, o := range p.Rendered.Objects {
		if o.Kind != "Service" {
			continue
		}
		selector, ok := parseSelector(podSelector(o))
		pods := ws.selectedBy(o.Namespace(), selector)
		if !ok || len(pods) == 0 {
			continue // selector-matches-no-pod reports it
		}
		ports := ws.portsOf(o.Namespace(), selector)
		for port := range o.Get("spec", "ports").Items() {
			checkTargetPort(p, o, port, pods, ports)
		}
	}
}

// containerPorts are the ports that containers declare.
type containerPorts struct {
	declared map[string]bool // by "name/protocol" and "number/protocol"
	texts    []string
}

func declaredPorts(selected []*workload) containerPorts {
	ports := containerPorts{declared: map[string]bool{}}
	for _, w := range selected {
		for _, c := range w.Containers() {
			for port := range c.Get("ports").Items() {
				ports.add(port)
			}
		}
	}
	return ports
}

func (ports *containerPorts) add(port chart.Node) {
	protocol := protocolOf(port)
	ports.declared[port.Get("containerPort").Text()+"/"+protocol] = true
	if name := port.Get("name").Text(); name != "" {
		ports.declared[name+"/"+protocol] = true
	}
	ports.texts = append(ports.texts, portText(port))
}

// onlyPorts describes all ports of a container or pod.
func onlyPorts(texts []string) string {
	if len(texts) == 0 {
		return "no port"
	}
	return "only " + list(texts)
}

func protocolOf(port chart.Node) string { return cmp.Or(port.Get("protocol").Text(), "TCP") }

// isUnsetTarget reports whether the API server replaces a target port by the Service's port (SetDefaults_Service in
// pkg/apis/core/v1/defaults.go).
func isUnsetTarget(target chart.Node) bool {
	return target.Type() == chart.Integer && target.Text() == "0"
}

func checkTargetPort(p *Pass, service *chart.Object, port chart.Node, pods []*workload, ports containerPorts) {
	target := firstOf(port.Get("targetPort"), port.Get("port"))
	if isUnsetTarget(target) {
		p.Report(Finding{
			Severity: Info,
			Node:     target,
			Message:  fmt.Sprintf("%s has targetPort 0, which means the Service's port, %s", service, port.Get("port").Text()),
			Fix:      "Leave out targetPort, or write the port that the container listens on.",
			Object:   service.String(),
		})
		target = port.Get("port")
	}
	text := target.Text() + "/" + protocolOf(port)
	if target.Text() == "" || ports.declared[text] {
		return
	}
	severity := Error
	fix := "Target a port that a container declares, or declare this port in the container that listens on it."
	if _, err := strconv.Atoi(target.Text()); err == nil {
		if len(ports.texts) == 0 {
			return // the containers declare none of their ports
		}
		severity = Info
	} else if templatesName(p, pods, target.Text()) {
		severity, fix = Warning, "Render the port of the Service under the condition under which a container declares it."
	}
	p.Report(Finding{
		Severity: severity,
		Node:     target,
		Message:  fmt.Sprintf("%s targets port %s, but its pods declare %s", service, text, onlyPorts(ports.texts)),
		Fix:      fix,
		Object:   service.String(),
	})
}

// templatesName reports whether the template of a workload declares a port of a name, with other values perhaps.
func templatesName(p *Pass, workloads []*workload, port string) bool {
	name := `name:\s*["']?` + regexp.QuoteMeta(port) + `["']?[ \t]*\n`
	const near = `(?:[^\n]*\n)?[^\n]*` // at most one line between them
	declares := regexp.MustCompile(name + near + `containerPort:|containerPort:[^\n]*\n` + near + name)
	return slices.ContainsFunc(workloads, func(w *workload) bool {
		return templatesOf(p.Chart).contains(w.Template(), declares)
	})
}
