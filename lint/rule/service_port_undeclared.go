package rule

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "service-port-undeclared",
		Title: "Every port that a Service sends traffic to is a port of a container that it selects",
		Why: "A name that no selected container gives to a port of that protocol leads nowhere: the Service gets no endpoints for it. A " +
			"number works whether it is declared or not: among declared ones, it is worth a look.",
		Bad: `kind: Service
spec:
  ports: [{port: 80, targetPort: http}]   # the container calls its port web`,
		Good: `kind: Service
spec:
  ports: [{port: 80, targetPort: web}]`,
		Severity: Error,
		Check:    checkServicePortUndeclared,
	})
}

func checkServicePortUndeclared(p *Pass) {
	ws := newWorkloads(p)
	declared := map[string]containerPorts{}
	for _, o := range p.Rendered.Objects {
		asked, ok := selector(podSelector(o))
		if o.Kind != "Service" || !ok {
			continue
		}
		selected := ws.selectedBy(o.Namespace(), asked)
		if len(selected) == 0 {
			continue // which is another finding
		}
		question := o.Namespace() + " " + asked.String()
		ports, known := declared[question]
		if !known {
			ports = declaredPorts(selected)
			declared[question] = ports
		}
		for port := range o.Get("spec", "ports").Items() {
			checkTargetPort(p, o, port, ports)
		}
	}
}

// containerPorts are the ports that containers declare, by "name/protocol" and "number/protocol".
type containerPorts struct {
	declared map[string]bool
	shown    []string
}

func declaredPorts(selected []*workload) containerPorts {
	ports := containerPorts{declared: map[string]bool{}}
	for _, w := range selected {
		for _, c := range w.Containers() {
			for port := range c.Get("ports").Items() {
				name, number, protocol := port.Get("name").Text(), port.Get("containerPort").Text(), protocolOf(port)
				ports.declared[number+"/"+protocol] = true
				shown := number + "/" + protocol
				if name != "" {
					ports.declared[name+"/"+protocol] = true
					shown = fmt.Sprintf("%s (%s)", name, shown)
				}
				ports.shown = append(ports.shown, shown)
			}
		}
	}
	return ports
}

func protocolOf(port chart.Node) string { return cmp.Or(port.Get("protocol").Text(), "TCP") }

func checkTargetPort(p *Pass, service *chart.Object, port chart.Node, ports containerPorts) {
	target := firstOf(port.Get("targetPort"), port.Get("port"))
	if target.Text() == "" || ports.declared[target.Text()+"/"+protocolOf(port)] {
		return
	}
	severity := Error
	if _, err := strconv.Atoi(target.Text()); err == nil {
		if len(ports.shown) == 0 {
			return // the containers declare none of their ports
		}
		severity = Info
	}
	declare := "no port"
	if len(ports.shown) > 0 {
		declare = list(ports.shown)
	}
	p.Report(Finding{
		Severity: severity,
		Node:     target,
		Message: fmt.Sprintf("%s sends traffic to the port %s/%s of its pods, whose containers declare %s",
			service, target.Text(), protocolOf(port), declare),
		Fix:    "Name a port that a container declares, or declare this one in ports of the container that listens there.",
		Object: service.String(),
	})
}
