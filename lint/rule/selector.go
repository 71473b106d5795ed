package rule

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/traderadmin/charts/internal/chart"
)

// workload is an object that is or makes pods, and their labels.
type workload struct {
	*chart.Object
	labels labels.Set
}

// labelKey is a label that pods in a namespace have.
type labelKey struct{ namespace, key, value string }

// workloads is an index of the objects that make pods. The pods of tests are kept apart: they are no part of what the release
// serves, though many charts label them as if they were.
type workloads struct {
	tests       []*workload
	byNamespace map[string][]*workload
	byLabel     map[labelKey][]*workload
	byName      map[[2]string]*workload
	selected    map[[2]string][]*workload // by namespace and selector, as far as they were asked for
	custom      bool                      // some object is of none of Kubernetes' own groups, and may make pods too
}

func newWorkloads(p *Pass) *workloads {
	ws := &workloads{
		byNamespace: map[string][]*workload{},
		byLabel:     map[labelKey][]*workload{},
		byName:      map[[2]string]*workload{},
		selected:    map[[2]string][]*workload{},
	}
	for _, o := range p.Rendered.Objects {
		ws.custom = ws.custom || isCustom(o)
		if !o.PodSpec().Exists() || o.Kind == "PodTemplate" {
			continue
		}
		w := &workload{Object: o, labels: podLabels(o)}
		if o.Hook() == chart.TestHook {
			ws.tests = append(ws.tests, w)
			continue
		}
		namespace := o.Namespace()
		ws.byNamespace[namespace] = append(ws.byNamespace[namespace], w)
		ws.byName[[2]string{namespace, o.Name}] = w
		for key, value := range w.labels {
			k := labelKey{namespace, key, value}
			ws.byLabel[k] = append(ws.byLabel[k], w)
		}
	}
	return ws
}

func podLabels(o *chart.Object) labels.Set {
	set := labels.Set{}
	for key, value := range o.PodLabels().Entries() {
		set[key] = value.Text()
	}
	return set
}

// selectedBy are the workloads of a namespace whose pods a selector selects.
func (ws *workloads) selectedBy(namespace string, s labels.Selector) []*workload {
	question := [2]string{namespace, s.String()}
	found, known := ws.selected[question]
	if !known {
		for _, w := range ws.candidates(namespace, s) {
			if s.Matches(w.labels) {
				found = append(found, w)
			}
		}
		ws.selected[question] = found
	}
	return found
}

// selectsTest says whether a selector selects the pods of a test in a namespace.
func (ws *workloads) selectsTest(namespace string, s labels.Selector) bool {
	return slices.ContainsFunc(ws.tests, func(w *workload) bool { return w.Namespace() == namespace && s.Matches(w.labels) })
}

// candidates are the workloads to look through for those that a selector selects: those with the rarest of the labels that it
// asks for, or all.
func (ws *workloads) candidates(namespace string, s labels.Selector) []*workload {
	fewest := ws.byNamespace[namespace]
	requirements, _ := s.Requirements()
	for _, r := range requirements {
		if value, one := onlyValue(r); one {
			if with := ws.byLabel[labelKey{namespace, r.Key(), value}]; len(with) < len(fewest) {
				fewest = with
			}
		}
	}
	return fewest
}

// onlyValue is the one value that a label must have, if the requirement leaves no choice.
func onlyValue(r labels.Requirement) (string, bool) {
	values := r.ValuesUnsorted()
	if op := r.Operator(); op != selection.Equals && op != selection.In || len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// nearest is the workload that meets the most requirements of a selector, and those that it does not meet; nil if none meets any.
// Of several it is the one of the given name, or the first.
func (ws *workloads) nearest(namespace, name string, s labels.Selector) (*workload, []labels.Requirement) {
	const most = 100 // of those with a common label; all of them would be looked through once for each selector
	requirements, _ := s.Requirements()
	var candidates []*workload
	if namesake := ws.byName[[2]string{namespace, name}]; namesake != nil {
		candidates = append(candidates, namesake)
	}
	for _, r := range requirements {
		if value, one := onlyValue(r); one {
			with := ws.byLabel[labelKey{namespace, r.Key(), value}]
			candidates = append(candidates, with[:min(len(with), most)]...)
		}
	}
	var best *workload
	unmet := requirements
	for _, w := range candidates {
		if missing := unmetBy(w.labels, requirements); len(missing) < len(unmet) {
			best, unmet = w, missing
		}
	}
	return best, unmet
}

func unmetBy(set labels.Set, requirements []labels.Requirement) []labels.Requirement {
	var unmet []labels.Requirement
	for _, r := range requirements {
		if !r.Matches(set) {
			unmet = append(unmet, r)
		}
	}
	return unmet
}

// laterLabels are those that Kubernetes' own controllers give pods; no template has them.
var laterLabels = []string{
	appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel, appsv1.ControllerRevisionHashLabelKey,
	appsv1.DefaultDeploymentUniqueLabelKey, "pod-template-generation",
	batchv1.JobNameLabel, batchv1.ControllerUidLabel, batchv1.JobCompletionIndexAnnotation, "job-name", "controller-uid",
}

// selector reads a label selector, or the plain map of labels of a Service. Requirements that only a running pod can
// meet are left out. It is false if nothing is left, which would select everything, and for what is no selector.
func selector(n chart.Node) (labels.Selector, bool) {
	read := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	if n.Get("matchLabels").Exists() || n.Get("matchExpressions").Exists() {
		for e := range n.Get("matchExpressions").Items() {
			requirement := metav1.LabelSelectorRequirement{Key: e.Get("key").Text(), Operator: metav1.LabelSelectorOperator(e.Get("operator").Text())}
			for value := range e.Get("values").Items() {
				requirement.Values = append(requirement.Values, value.Text())
			}
			read.MatchExpressions = append(read.MatchExpressions, requirement)
		}
		n = n.Get("matchLabels")
	}
	for key, value := range n.Entries() {
		read.MatchLabels[key] = value.Text()
	}
	parsed, err := metav1.LabelSelectorAsSelector(read)
	if err != nil {
		return nil, false
	}
	requirements, _ := parsed.Requirements()
	requirements = slices.DeleteFunc(requirements, func(r labels.Requirement) bool { return slices.Contains(laterLabels, r.Key()) })
	return labels.NewSelector().Add(requirements...), len(requirements) > 0
}

// mismatch says what labels have in place of what is required: "component: scanner where component: go-scanner is asked for".
func mismatch(set labels.Set, unmet []labels.Requirement) string {
	var said []string
	for _, r := range unmet {
		has := "no " + r.Key()
		if value, ok := set.Lookup(r.Key()); ok {
			has = r.Key() + ": " + value
		}
		said = append(said, has+" where "+required(r)+" is asked for")
	}
	return strings.Join(said, ", and ")
}

func required(r labels.Requirement) string {
	if value, one := onlyValue(r); one {
		return r.Key() + ": " + value
	}
	return r.String()
}

// unmetNode is the place of the first requirement that is not met, or the selector's.
func unmetNode(selector chart.Node, unmet []labels.Requirement) chart.Node {
	for _, r := range unmet {
		for _, label := range []chart.Node{selector.Get("matchLabels", r.Key()), selector.Get(r.Key())} {
			if label.Exists() {
				return label
			}
		}
	}
	return selector
}
