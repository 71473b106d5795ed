package rule

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "selector-matches-no-pod",
		Title: "Every Service, PodDisruptionBudget and NetworkPolicy selects a pod of the release",
		Why: "The object is accepted and does nothing: a Service without pods refuses every connection, a budget or policy that selects " +
			"none protects none. It is certain only where a pod has the same labels with other values; what is labelled at run time, or " +
			"made by an operator, is no error.",
		Bad: `kind: Service
spec:
  selector: {component: go-scanner}   # the pods of Deployment/go-scanner have component: scanner`,
		Good: `kind: Service
spec:
  selector: {component: scanner}`,
		Severity: Error,
		Check:    checkSelectorMatchesNoPod,
	})
}

func checkSelectorMatchesNoPod(p *Pass) {
	if !isComplete(p) {
		return
	}
	ws := newWorkloads(p)
	for _, o := range p.Rendered.Objects {
		written := podSelector(o)
		asked, ok := selector(written)
		namespace := o.Namespace()
		if !ok || o.Hook() != chart.NoHook || len(ws.byNamespace[namespace]) == 0 || len(ws.selectedBy(namespace, asked)) > 0 {
			continue
		}
		if o.Kind == "NetworkPolicy" && ws.selectsTest(namespace, asked) {
			continue // a policy is about traffic, and tests have theirs
		}
		nearest, unmet := ws.nearest(namespace, o.Name, asked)
		severity := ws.certainty(o, nearest, unmet)
		if severity == 0 {
			continue
		}
		why := "no pod has any of the labels " + asked.String()
		if nearest != nil {
			why = fmt.Sprintf("%s comes nearest, with %s", nearest, mismatch(nearest.labels, unmet))
		}
		p.Report(Finding{
			Severity: severity,
			Node:     unmetNode(written, unmet),
			Message:  fmt.Sprintf("%s selects no pod of the release: %s", o, why),
			Fix:      "Write the labels of the pods that are meant, from the same named template as the pods have them.",
			Object:   o.String(),
		})
	}
}

// podSelector is the selector by which an object selects pods of its namespace.
func podSelector(o *chart.Object) chart.Node {
	switch {
	case isCustom(o):
	case o.Kind == "Service" && o.Get("spec", "type").Text() != "ExternalName", o.Kind == "PodDisruptionBudget":
		return o.Get("spec", "selector")
	case o.Kind == "NetworkPolicy":
		return o.Get("spec", "podSelector")
	}
	return chart.Node{}
}

// certainty is how certain it is that a selector that selects no pod of the release should.
func (ws *workloads) certainty(o *chart.Object, nearest *workload, unmet []labels.Requirement) Severity {
	policy := o.Kind == "NetworkPolicy" // many are about the pods of others
	switch {
	case nearest == nil && (policy || ws.custom):
		return 0
	case nearest == nil:
		return Warning
	case !mistaken(nearest.labels, unmet):
		return Info
	case policy || ws.custom:
		return Warning
	}
	return Error
}

// mistaken says whether labels contradict a requirement, and not only lack what may be added to them at run time, such as
// the role of a database server that was elected to it. A misspelt key contradicts it too.
func mistaken(set labels.Set, unmet []labels.Requirement) bool {
	for _, r := range unmet {
		if set.Has(r.Key()) {
			return true
		}
		for key := range set {
			if lastPart(key) == lastPart(r.Key()) || misspelt(key, r.Key()) {
				return true
			}
		}
	}
	return false
}

// lastPart is a label's key without its prefix: name, of app.kubernetes.io/name.
func lastPart(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
