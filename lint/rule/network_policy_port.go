package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "network-policy-port",
		Title: "The pods of a NetworkPolicy have the ports that it names",
		Why: "A NetworkPolicy allows a named port only on the pods that declare a port of that name and protocol. If none " +
			"does, the connections are refused.",
		Bad: `ingress:
  - ports: [{port: web}]   # the containers name their port http`,
		Good: `ingress:
  - ports: [{port: http}]`,
		Severity: Warning,
		Check:    checkNetworkPolicyPort,
	})
}

func checkNetworkPolicyPort(p *Pass) {
	ws := workloadsOf(p)
	networkPolicies(p, func(policy *chart.Object, field string, rule chart.Node) {
		for port := range rule.Get("ports").Items() {
			if name := port.Get("port"); name.Type() == chart.String {
				ws.checkPolicyPort(p, policy, field, rule, name, protocolOf(port))
			}
		}
	})
}

// checkPolicyPort looks for a named port in the pods that a rule allows connections to.
func (ws *workloads) checkPolicyPort(
	p *Pass, policy *chart.Object, field string, rule, name chart.Node, protocol string,
) {
	targets, known := ws.targetsOf(policy, field, rule)
	if !known || len(targets) == 0 {
		return
	}
	ports := declaredPorts(targets)
	if ports.declared[name.Text()+"/"+protocol] {
		return
	}
	declared := "no port"
	if len(ports.texts) > 0 {
		declared = "only " + list(ports.texts)
	}
	p.Report(Finding{
		Node: name,
		Message: fmt.Sprintf("%s allows connections to port %s/%s, but its pods, of %s, declare %s",
			policy, name.Text(), protocol, names(targets), declared),
		Fix:    "Use the name or number of a port that a container declares.",
		Object: policy.String(),
	})
}

// targetsOf returns the workloads of the release that a rule allows connections to; false if pods of other releases or
// namespaces may be among the targets.
func (ws *workloads) targetsOf(policy *chart.Object, field string, rule chart.Node) (targets []*workload, known bool) {
	namespace := policy.Namespace()
	if field == "from" {
		selector, ok := parseSelector(policy.Get("spec", "podSelector"))
		if !ok {
			return nil, false // all pods of the namespace
		}
		return ws.selectedBy(namespace, selector), true
	}
	for peer := range rule.Get("to").Items() {
		selector, ok := parseSelector(peer.Get("podSelector"))
		if !ok || peer.Get("namespaceSelector").Exists() {
			return nil, false
		}
		selected := ws.selectedBy(namespace, selector)
		if len(selected) == 0 {
			return nil, false
		}
		targets = append(targets, selected...)
	}
	return targets, true
}
