package rule

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

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
		pod := chart.ContainersOf(spec)
		for _, c := range pod {
			probes := map[string][]string{} // by port
			first := map[string]chart.Node{}
			for probe, port := range probePorts(c) {
				probes[port.Text()] = append(probes[port.Text()], probe)
				if len(probes[port.Text()]) == 1 {
					first[port.Text()] = port
				}
			}
			for _, port := range slices.Sorted(maps.Keys(probes)) {
				checkProbePort(p, o, pod, c, strings.Join(probes[port], " and "), first[port])
			}
		}
	}
}

// checkProbePort looks for a port in the container of its probe, and for a number in the whole pod.
func checkProbePort(
	p *Pass, o *chart.Object, pod []chart.Container, c chart.Container, probes string, port chart.Node,
) {
	var texts []string
	for declared := range c.Get("ports").Items() {
		if declared.Get("name").Text() == port.Text() {
			return
		}
		texts = append(texts, portText(declared))
	}
	owner := declaring(pod, port.Text())
	severity, fix := Error, "Use a number, or the name of a port that this container declares."
	if isNumber(port.Text()) {
		if owner != "" || len(texts) == 0 {
			return // any container of the pod may listen on it
		}
		severity, fix = Info, "Use a declared port, or declare this one if the container listens on it."
	}
	declares := onlyPorts(texts)
	if owner != "" {
		declares += fmt.Sprintf("; container %q has it, but the kubelet does not look there", owner)
	}
	p.Report(Finding{
		Severity: severity,
		Node:     port,
		Message: fmt.Sprintf("port %s of the %s of %s %q of %s is undeclared: the container declares %s",
			port.Text(), probes, c.Role, c.Name, o, declares),
		Fix:       fix,
		Object:    o.String(),
		Container: c.Name,
	})
}

// declaring returns the name of the container of a pod that declares a port by name or number, or "".
func declaring(pod []chart.Container, port string) string {
	for _, c := range pod {
		for declared := range c.Get("ports").Items() {
			if declared.Get("name").Text() == port || declared.Get("containerPort").Text() == port {
				return c.Name
			}
		}
	}
	return ""
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
				if host := c.Get(path...).Get(action, "host").Text(); host != "" && isNumber(port.Text()) {
					continue // perhaps of another pod
				}
				if port.Text() != "" && !yield(path[len(path)-1], port) {
					return
				}
			}
		}
	}
}

// portText describes a container's port: "http (8080/TCP)".
func portText(port chart.Node) string {
	number := port.Get("containerPort").Text() + "/" + protocolOf(port)
	if name := port.Get("name").Text(); name != "" {
		return fmt.Sprintf("%s (%s)", name, number)
	}
	return number
}
