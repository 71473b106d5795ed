package rule

import (
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-port-missing",
		Title: "Every Service port that an Ingress refers to exists",
		Why:   "The API server accepts the Ingress, but its controller answers every request with an error.",
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
			r.checkBackendPort(p, o, backend)
		}
	}
}

func (r *release) checkBackendPort(p *Pass, ingress *chart.Object, backend ingressBackend) {
	service := r.objects[objectKey{"", "Service", ingress.Namespace(), backend.service.Text()}]
	if service == nil || backend.port.Text() == "" {
		return
	}
	ports, texts := servicePorts(service)
	if len(ports) == 0 || slices.Contains(ports, backend.port.Text()) {
		return
	}
	p.Report(Finding{
		Node: backend.port,
		Message: fmt.Sprintf("%s sends requests to port %s of %s, which has only %s",
			ingress, backend.port.Text(), service, list(texts)),
		Fix:    fmt.Sprintf("Use the name or number of a port that %s has.", service),
		Object: ingress.String(),
	})
}

// servicePorts returns the names and numbers of a Service's ports, and a text for each port.
func servicePorts(service *chart.Object) (ports, texts []string) {
	for port := range service.Get("spec", "ports").Items() {
		number, name := port.Get("port").Text(), port.Get("name").Text()
		ports = append(ports, number)
		if name == "" {
			texts = append(texts, number)
			continue
		}
		ports = append(ports, name)
		texts = append(texts, fmt.Sprintf("%s (%s)", name, number))
	}
	return ports, texts
}

// ingressBackend is a Service to which an Ingress sends requests, and its port by name or number.
type ingressBackend struct{ service, port chart.Node }

// ingressBackends reads networking.k8s.io/v1 and the older versions, which have serviceName and servicePort.
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

// firstOf returns the first value that exists.
func firstOf(values ...chart.Node) chart.Node {
	for _, v := range values {
		if v.Exists() {
			return v
		}
	}
	return chart.Node{}
}
