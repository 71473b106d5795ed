package rule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
)

// labelNodes returns the places of labels in an object, its pods and its volume claims.
func labelNodes(o *chart.Object) []chart.Node {
	nodes := []chart.Node{o.Get("metadata", "labels"), o.PodLabels(), o.Get("spec", "selector", "matchLabels")}
	for claim := range o.Get("spec", "volumeClaimTemplates").Items() {
		nodes = append(nodes, claim.Get("metadata", "labels"))
	}
	if o.Kind == "CronJob" {
		nodes = append(nodes, o.Get("spec", "jobTemplate", "metadata", "labels"))
	}
	return nodes
}

// eachLabel visits the labels that an object has in two renderings.
func eachLabel(base, other *chart.Object, visit func(key string, base, other chart.Node)) {
	others := labelNodes(other)
	for i, labels := range labelNodes(base) {
		if i >= len(others) {
			return
		}
		for key, was := range labels.Entries() {
			if is := others[i].Get(key); is.Exists() && was.Exists() {
				visit(key, was, is)
			}
		}
	}
}

// labelFinding is a label that is wrong in one object or, because a named template prints it, in many.
type labelFinding struct {
	key    string
	object *chart.Object // the first
	node   chart.Node
	value  string
	// ofApp reports that the label contains the appVersion, in the rule about versions.
	ofApp  bool
	others map[*chart.Object]bool
}

// labelFindings are findings in the order of the objects, one for each label key.
type labelFindings map[string]*labelFinding

func (ls labelFindings) add(key string, o *chart.Object, node chart.Node, value string) {
	if ls[key] == nil {
		ls[key] = &labelFinding{key: key, object: o, node: node, value: value, others: map[*chart.Object]bool{}}
	}
	if o != ls[key].object {
		ls[key].others[o] = true
	}
}

// report reports the findings. describe returns the message and the fix.
func (ls labelFindings) report(p *Pass, severity Severity, describe func(*labelFinding) (message, fix string)) {
	for _, key := range sortedKeys(ls) {
		l := ls[key]
		message, fix := describe(l)
		message += asIn(len(l.others), "object")
		p.Report(Finding{Severity: severity, Node: l.node, Message: message, Fix: fix, Object: l.object.String()})
	}
}

// asIn says how many others a finding stands for.
func asIn(others int, noun string) string {
	switch others {
	case 0:
		return ""
	case 1:
		return ", as in 1 other " + noun
	}
	return fmt.Sprintf(", as in %d other %ss", others, noun)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
