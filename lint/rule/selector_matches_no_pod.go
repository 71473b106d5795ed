package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "selector-matches-no-pod",
		Title: "Every pod selector matches a pod of the release",
		Why: "A Service, PodDisruptionBudget or NetworkPolicy that selects no pod is accepted, but has no effect: the " +
			"Service refuses every connection, and the budget or policy protects nothing. The finding is only an error if " +
			"a pod has the same label with another value, because labels may be added at run time, and an info if none of " +
			"several workloads has any of the labels, because an operator may create pods.",
		Bad: `kind: Service
spec:
  selector: {component: go-scanner}   # the pods have component: scanner`,
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
	ws := workloadsOf(p)
	for _, o := range p.Rendered.Objects {
		node := podSelector(o)
		if selector, ok := parseSelector(node); ok && o.Hook() == chart.NoHook && !ws.hasPodFor(o, selector) {
			ws.reportNoPod(p, o, node, selector)
		}
	}
}

// podSelector returns the selector by which an object selects pods of its namespace.
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

// hasPodFor reports whether a selector matches a pod of the release, or the release has no pods in the namespace at
// all. A NetworkPolicy may also select the pod of a test.
func (ws *workloads) hasPodFor(o *chart.Object, selector labels.Selector) bool {
	namespace := o.Namespace()
	return len(ws.byNamespace[namespace]) == 0 ||
		len(ws.selectedBy(namespace, selector)) > 0 ||
		o.Kind == "NetworkPolicy" && ws.selectsTest(namespace, selector)
}

func (ws *workloads) reportNoPod(p *Pass, o *chart.Object, node chart.Node, selector labels.Selector) {
	closest, unmet := ws.closest(o.Namespace(), o.Name, selector)
	severity := ws.noPodSeverity(p, o, closest, unmet)
	if severity == 0 {
		return
	}
	reason := "no pod has any of the labels " + selector.String()
	if closest != nil {
		reason = fmt.Sprintf("the closest, %s, %s", closest, mismatch(closest.labels, unmet))
	}
	fix := "Use the labels of the intended pods, from the same named template."
	if closest != nil && !resembles(closest.labels, unmet) {
		fix = fmt.Sprintf("If its workload is switched off, render %s under the same condition. Otherwise use the labels "+
			"of the intended pods, from the same named template.", o)
	}
	p.Report(Finding{
		Severity: severity,
		Node:     unmetNode(node, unmet),
		Message:  fmt.Sprintf("%s selects no pod of the release: %s", o, reason),
		Fix:      fix,
		Object:   o.String(),
	})
}

// noPodSeverity judges a selector that matches no pod of the release: how likely it is a mistake. Zero is not a
// finding.
func (ws *workloads) noPodSeverity(
	p *Pass, o *chart.Object, closest *workload, unmet []labels.Requirement,
) Severity {
	mayBeOthers := o.Kind == "NetworkPolicy" || ws.custom // the pods may belong to another release, or to an operator
	switch {
	case closest == nil && mayBeOthers:
		return 0
	case closest == nil && !ws.isSole(p, o): // the pods may be those of an operator, or of the cluster
		return Info
	case closest == nil:
		return Warning
	case !contradicts(closest.labels, unmet):
		return Info
	case mayBeOthers:
		return Warning
	case !resembles(closest.labels, unmet) && (o.Kind == "PodDisruptionBudget" || switchedOff(p)):
		return Warning // the workload may be switched off, and then a budget does no harm
	}
	return Error
}

// isSole reports whether a release has only one workload and only one object of the kind of o, which belong together.
func (ws *workloads) isSole(p *Pass, o *chart.Object) bool {
	others := slices.ContainsFunc(p.Rendered.Objects, func(other *chart.Object) bool {
		return other != o && other.Kind == o.Kind
	})
	return len(ws.all) == 1 && !others
}

// switchedOff reports whether a template of the chart or of a subchart that contains a workload renders nothing, or a
// subchart is absent.
func switchedOff(p *Pass) bool {
	type key struct{}
	return chart.Once(p.Rendered, key{}, func() bool {
		renders := map[string]bool{}
		for _, o := range p.Rendered.Objects {
			renders[o.Template()] = true
		}
		return anySwitchedOff(p.Chart.Source(), renders)
	})
}

// workloadKind matches the kinds of workloads that serve.
var workloadKind = regexp.MustCompile(`(?m)^\s*kind:\s*["']?(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|Pod)\b`)

func anySwitchedOff(s *chart.Source, renders map[string]bool) bool {
	if s == nil {
		return true
	}
	for _, t := range s.Templates {
		if !t.IsPartial() && !renders[t.FullName] && workloadKind.Match(t.Content) {
			return true
		}
	}
	return slices.ContainsFunc(s.Dependencies, func(d chart.Dependency) bool { return anySwitchedOff(d.Source, renders) })
}

// resembles reports whether labels look like a misspelling of the requirements: they have the wrong key, or a value
// that contains the right one or differs from it by a letter. Otherwise the labels may be those of another component,
// and the right one is switched off.
func resembles(set labels.Set, unmet []labels.Requirement) bool {
	for _, r := range unmet {
		got, has := set.Lookup(r.Key())
		want, sole := soleValue(r)
		if !has || sole && (strings.Contains(got, want) || strings.Contains(want, got) || isTypo(got, want)) {
			return true
		}
	}
	return false
}

// contradicts reports whether a label has a wrong value or a misspelled key. A label that is only missing may be added
// at run time, such as the role of a database server that wins an election.
func contradicts(set labels.Set, unmet []labels.Requirement) bool {
	for _, r := range unmet {
		if set.Has(r.Key()) {
			return true
		}
		for key := range set {
			if withoutPrefix(key) == withoutPrefix(r.Key()) || isTypo(key, r.Key()) {
				return true
			}
		}
	}
	return false
}

// withoutPrefix returns the name in a label's key, such as name in app.kubernetes.io/name.
func withoutPrefix(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
