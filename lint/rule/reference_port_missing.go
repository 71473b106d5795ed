package rule

import (
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-port-missing",
		Title: "Every Service port that an Ingress sends requests to is there",
		Why:   "The Ingress is accepted, and its controller answers every request with an error.",
		Bad: `backend:
  service:
    name: app
    port: {name: web}   # Service/app has the port http`,
		Good: `backend:
  service:
    name: app
    port: {name: http}`,
		Severity: Error,
		Check:    checkReferencePortMissing,
	})
}

func checkReferencePortMissing(p *Pass) {
	r := releaseOf(p)
	for _, o := range p.Rendered.Objects {
		if o.Kind != "Ingress" || isCustom(o) {
			continue
		}
		for _, backend := range ingressBackends(o) {
			service := r.objects[objectKey{"", "Service", o.Namespace(), backend.service.Text()}]
			if service == nil || backend.port.Text() == "" {
				continue
			}
			ports, shown := portsOf(service)
			if len(ports) == 0 || slices.Contains(ports, backend.port.Text()) {
				continue
			}
			p.Report(Finding{
				Node:    backend.port,
				Message: fmt.Sprintf("%s sends requests to the port %s of %s, which has %s", o, backend.port.Text(), service, list(shown)),
				Fix:     fmt.Sprintf("Name a port that %s has, by its name or its number.", service),
				Object:  o.String(),
			})
		}
	}
}

// portsOf are the names and numbers that a Service's ports go by, and how to show each.
func portsOf(service *chart.Object) (ports, shown []string) {
	for port := range service.Get("spec", "ports").Items() {
		number, name := port.Get("port").Text(), port.Get("name").Text()
		ports = append(ports, number)
		if name == "" {
			shown = append(shown, number)
			continue
		}
		ports = append(ports, name)
		shown = append(shown, fmt.Sprintf("%s (%s)", name, number))
	}
	return ports, shown
}

// ingressBackend is where an Ingress sends requests: a Service, and its port by name or number.
type ingressBackend struct{ service, port chart.Node }

// ingressBackends are those of an Ingress, in the form of networking.k8s.io/v1 or of the versions before it.
func ingressBackends(o *chart.Object) []ingressBackend {
	backends := []chart.Node{o.Get("spec", "defaultBackend"), o.Get("spec", "backend")}
	for rule := range o.Get("spec", "rules").Items() {
		for path := range rule.Get("http", "paths").Items() {
			backends = append(backends, path.Get("backend"))
		}
	}
	var found []ingressBackend
	for _, b := range backends {
		found = append(found, ingressBackend{
			service: firstOf(b.Get("service", "name"), b.Get("serviceName")),
			port:    firstOf(b.Get("service", "port", "name"), b.Get("service", "port", "number"), b.Get("servicePort")),
		})
	}
	return found
}

// firstOf is the first of the values that is there.
func firstOf(values ...chart.Node) chart.Node {
	for _, v := range values {
		if v.Exists() {
			return v
		}
	}
	return chart.Node{}
}
