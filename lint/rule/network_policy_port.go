package rule

import (
	"fmt"
	"slices"

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
	targets := targetsOf(policy, field, rule)
	text := name.Text() + "/" + protocol
	var declared []string
	for _, target := range targets {
		selector, ok := parseSelector(target.Get("podSelector"))
		if !ok || target.Get("namespaceSelector").Exists() || len(ws.selectedBy(policy.Namespace(), selector)) == 0 {
			return // pods of other releases or namespaces may be among the targets
		}
		ports := ws.portsOf(policy.Namespace(), selector)
		if ports.declared[text] {
			return
		}
		declared = append(declared, ports.texts...)
	}
	if len(targets) == 0 {
		return
	}
	p.Report(Finding{
		Node: name,
		Message: fmt.Sprintf("%s allows connections to port %s, but the pods that it selects declare %s",
			policy, text, onlyPorts(declared)),
		Fix:    "Use the name or number of a port that a container declares.",
		Object: policy.String(),
	})
}

// targetsOf returns the maps whose podSelector selects the pods that a rule allows connections to: the policy's spec
// for ingress, and the peers for egress.
func targetsOf(policy *chart.Object, field string, rule chart.Node) []chart.Node {
	if field == "from" {
		return []chart.Node{policy.Get("spec")}
	}
	return slices.Collect(rule.Get("to").Items())
}
