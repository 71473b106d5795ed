package rule

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "probe-port-undeclared",
		Title: "A container declares the ports of its probes and lifecycle hooks",
		Why: "The kubelet looks up a port name in the container of the probe only. If the container has no port of that " +
			"name, the probe fails forever: the pod never becomes ready, or is restarted again and again. A port number " +
			"works even if it is not declared, so an undeclared number beside declared ports is only an info.",
		Bad: `ports: [{name: https, containerPort: 8443}]
readinessProbe:
  httpGet: {path: /health, port: http}`,
		Good: `ports: [{name: https, containerPort: 8443}]
readinessProbe:
  httpGet: {path: /health, port: https, scheme: HTTPS}`,
		Severity: Error,
		Check:    checkProbePortUndeclared,
	})
}

func checkProbePortUndeclared(p *Pass) {
	for o, spec := range podSpecs(p) {
		all := chart.ContainersOf(spec)
		numbers := portNumbers(all)
		for _, c := range all {
			for probe, port := range probePorts(c) {
				checkProbePort(p, o, c, probe, port, numbers)
			}
		}
	}
}

func checkProbePort(p *Pass, o *chart.Object, c chart.Container, probe string, port chart.Node, numbers map[string]bool) {
	var texts []string
	for declared := range c.Get("ports").Items() {
		if declared.Get("name").Text() == port.Text() {
			return
		}
		texts = append(texts, portText(declared))
	}
	severity, fix := Error, "Use the name of a port of this container, or a number, or name the container's port like that."
	if _, err := strconv.Atoi(port.Text()); err == nil {
		if numbers[port.Text()] || len(texts) == 0 {
			return // any container of the pod may listen on it
		}
		severity, fix = Info, "Use a declared port, or declare this one if the container listens on it."
	}
	declares := "no port"
	if len(texts) > 0 {
		declares = "only " + list(texts)
	}
	p.Report(Finding{
		Severity: severity,
		Node:     port,
		Message: fmt.Sprintf("the %s of %s %q of %s uses port %s, but the container declares %s",
			probe, c.Role, c.Name, o, port.Text(), declares),
		Fix:       fix,
		Object:    o.String(),
		Container: c.Name,
	})
}

// probePaths are the paths of the probes and lifecycle hooks in a container.
var probePaths = [][]string{
	{"startupProbe"}, {"livenessProbe"}, {"readinessProbe"}, {"lifecycle", "postStart"}, {"lifecycle", "preStop"},
}

// probePorts yields the ports that the probes and lifecycle hooks of a container use, each with the name of its probe.
func probePorts(c chart.Container) iter.Seq2[string, chart.Node] {
	return func(yield func(string, chart.Node) bool) {
		for _, path := range probePaths {
			for _, action := range []string{"httpGet", "tcpSocket", "grpc"} {
				port := c.Get(path...).Get(action, "port")
				if port.Text() != "" && !yield(path[len(path)-1], port) {
					return
				}
			}
		}
	}
}

// portNumbers returns the numbers of the ports that containers declare.
func portNumbers(containers []chart.Container) map[string]bool {
	numbers := map[string]bool{}
	for _, c := range containers {
		for port := range c.Get("ports").Items() {
			numbers[port.Get("containerPort").Text()] = true
		}
	}
	return numbers
}

// portText describes a container's port: "http (8080/TCP)".
func portText(port chart.Node) string {
	number := port.Get("containerPort").Text() + "/" + protocolOf(port)
	if name := port.Get("name").Text(); name != "" {
		return fmt.Sprintf("%s (%s)", name, number)
	}
	return number
}
