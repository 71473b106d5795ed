package rule

import (
	"fmt"
	"iter"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "placement-selector-wrong",
		Title: "Topology spread constraints and affinities select the intended pods",
		Why: "A topology spread constraint counts only the pods that it selects. If it does not select the pods of its own " +
			"workload, these are not spread. An affinity or anti-affinity for labels that no pod has is ignored, or keeps " +
			"the pod Pending. Affinities are checked if their labels contain the release's name, or resemble those of the pod.",
		Bad: `labels: {app.kubernetes.io/name: web}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    labelSelector: {matchLabels: {app: web}}`,
		Good: `labels: {app.kubernetes.io/name: web}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    labelSelector: {matchLabels: {app.kubernetes.io/name: web}}`,
		Severity: Warning,
		Check:    checkPlacementSelectorWrong,
	})
}

func checkPlacementSelectorWrong(p *Pass) {
	ws := workloadsOf(p)
	for _, w := range ws.all {
		for constraint := range w.PodSpec().Get("topologySpreadConstraints").Items() {
			checkSpread(p, w, constraint)
		}
		for kind, term := range affinityTerms(w.PodSpec()) {
			ws.checkAffinity(p, w, kind, term)
		}
	}
}

func (p *Pass) reportPlacement(w *workload, at chart.Node, subject, problem string) {
	p.Report(Finding{
		Node:    at,
		Message: fmt.Sprintf("%s of %s %s", subject, w, problem),
		Fix:     "Use the labels of the pod template, from the same named template.",
		Object:  w.String(),
	})
}

func checkSpread(p *Pass, w *workload, constraint chart.Node) {
	subject := "the topology spread constraint for " + constraint.Get("topologyKey").Text()
	node := constraint.Get("labelSelector")
	if !node.Exists() {
		p.reportPlacement(w, constraint.Get("topologyKey"), subject, "has no labelSelector, so it spreads no pods")
		return
	}
	selector, ok := parseSelector(node)
	if !ok || selector.Matches(w.labels) {
		return
	}
	requirements, _ := selector.Requirements()
	unmet := unmetBy(w.labels, requirements)
	p.reportPlacement(w, unmetNode(node, unmet), subject,
		"does not select the workload's own pods: the pod template "+mismatch(w.labels, unmet))
}

// affinityTerms yields the terms of pod affinities and anti-affinities, each with its field.
func affinityTerms(spec chart.Node) iter.Seq2[string, chart.Node] {
	return func(yield func(string, chart.Node) bool) {
		for _, kind := range []string{"podAffinity", "podAntiAffinity"} {
			affinity := spec.Get("affinity", kind)
			for term := range affinity.Get("requiredDuringSchedulingIgnoredDuringExecution").Items() {
				if !yield(kind, term) {
					return
				}
			}
			for weighted := range affinity.Get("preferredDuringSchedulingIgnoredDuringExecution").Items() {
				if !yield(kind, weighted.Get("podAffinityTerm")) {
					return
				}
			}
		}
	}
}

func (ws *workloads) checkAffinity(p *Pass, w *workload, kind string, term chart.Node) {
	if term.Get("namespaces").Exists() || term.Get("namespaceSelector").Exists() {
		return
	}
	subject := "the " + kind
	node := term.Get("labelSelector")
	if !node.Exists() {
		if term.Exists() {
			p.reportPlacement(w, term.Get("topologyKey"), subject, "has no labelSelector, so it selects no pods")
		}
		return
	}
	selector, ok := parseSelector(node)
	if !ok || len(ws.selectedBy(w.Namespace(), selector)) > 0 {
		return
	}
	requirements, _ := selector.Requirements()
	unmet := unmetBy(w.labels, requirements)
	if belongsToRelease(selector) && !ws.custom || isNearly(w.labels, unmet) {
		p.reportPlacement(w, unmetNode(node, unmet), subject,
			"selects no pod of the release: the pod template "+mismatch(w.labels, unmet))
	}
}

// isNearly reports whether labels have a required value under another key, or a similar value.
func isNearly(set labels.Set, unmet []labels.Requirement) bool {
	for _, r := range unmet {
		want, sole := soleValue(r)
		if !sole {
			continue
		}
		for key, got := range set {
			if got == want && withoutPrefix(key) == withoutPrefix(r.Key()) ||
				key == r.Key() && (strings.Contains(got, want) || strings.Contains(want, got) || isTypo(got, want)) {
				return true
			}
		}
	}
	return false
}
