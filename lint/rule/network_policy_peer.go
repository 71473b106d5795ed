package rule

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "network-policy-peer",
		Title: "Every NetworkPolicy peer that belongs to the release selects a pod",
		Why: "A peer that selects no pod opens nothing: the connections that it should allow are refused. Peers with a " +
			"namespaceSelector, and labels that may belong to another release, are not checked. A peer belongs to the " +
			"release if one of its labels contains the release's name.",
		Bad: `from:
  - podSelector:
      matchLabels:
        app.kubernetes.io/instance: {{ .Release.Name }}
        app.kubernetes.io/component: proxy   # no pod has this component`,
		Good: `from:
  - podSelector:
      matchLabels:
        app.kubernetes.io/instance: {{ .Release.Name }}
        app.kubernetes.io/component: gateway`,
		Severity: Warning,
		Check:    checkNetworkPolicyPeer,
	})
}

// networkPolicies calls visit with the rules of all NetworkPolicies: the field with their peers, from or to, and the
// rule.
func networkPolicies(p *Pass, visit func(policy *chart.Object, field string, rule chart.Node)) {
	for _, o := range p.Rendered.Objects {
		if o.Kind != "NetworkPolicy" || o.Group() != "networking.k8s.io" {
			continue
		}
		for rule := range o.Get("spec", "ingress").Items() {
			visit(o, "from", rule)
		}
		for rule := range o.Get("spec", "egress").Items() {
			visit(o, "to", rule)
		}
	}
}

func checkNetworkPolicyPeer(p *Pass) {
	if !isComplete(p) {
		return
	}
	ws := workloadsOf(p)
	networkPolicies(p, func(policy *chart.Object, field string, rule chart.Node) {
		for peer := range rule.Get(field).Items() {
			node := peer.Get("podSelector")
			if selector, ok := parseSelector(node); ok && !peer.Get("namespaceSelector").Exists() {
				ws.checkPeer(p, policy, field, node, selector)
			}
		}
	})
}

func (ws *workloads) checkPeer(p *Pass, policy *chart.Object, field string, node chart.Node, selector labels.Selector) {
	namespace := policy.Namespace()
	if !belongsToRelease(selector) || ws.custom || len(ws.byNamespace[namespace]) == 0 ||
		len(ws.selectedBy(namespace, selector)) > 0 || ws.selectsTest(namespace, selector) {
		return
	}
	closest, unmet := ws.closest(namespace, policy.Name, selector)
	reason := "no pod has any of the labels " + selector.String()
	if closest != nil {
		reason = fmt.Sprintf("the closest, %s, %s", closest, mismatch(closest.labels, unmet))
	}
	p.Report(Finding{
		Node:    unmetNode(node, unmet),
		Message: fmt.Sprintf("%s allows connections %s pods that the release does not have: %s", policy, field, reason),
		Fix: "Use the labels of the intended pods, from the same named template, and leave out the peer if its workload is " +
			"switched off.",
		Object: policy.String(),
	})
}

// belongsToRelease reports whether a selector has a label with the release's name.
func belongsToRelease(s labels.Selector) bool {
	requirements, _ := s.Requirements()
	for _, r := range requirements {
		if value, ok := soleValue(r); ok && chart.NamedAfterRelease(value) {
			return true
		}
	}
	return false
}
