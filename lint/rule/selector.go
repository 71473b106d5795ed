package rule

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/traderadmin/charts/internal/chart"
)

// runtimeLabels are set on pods by Kubernetes' controllers. No pod template has them.
var runtimeLabels = []string{
	appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel, appsv1.ControllerRevisionHashLabelKey,
	appsv1.DefaultDeploymentUniqueLabelKey, "pod-template-generation",
	batchv1.JobNameLabel, batchv1.ControllerUidLabel, batchv1.JobCompletionIndexAnnotation, "job-name", "controller-uid",
}

// parseSelector reads a label selector, or the plain map of labels of a Service, without requirements that only a
// running pod can meet. It returns false if the selector is invalid, or has no requirements and so matches everything.
func parseSelector(n chart.Node) (labels.Selector, bool) {
	parsed, err := metav1.LabelSelectorAsSelector(labelSelector(n))
	if err != nil {
		return nil, false
	}
	requirements, _ := parsed.Requirements()
	requirements = slices.DeleteFunc(requirements, func(r labels.Requirement) bool {
		return slices.Contains(runtimeLabels, r.Key())
	})
	return labels.NewSelector().Add(requirements...), len(requirements) > 0
}

func labelSelector(n chart.Node) *metav1.LabelSelector {
	s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	matchLabels := n
	if n.Get("matchLabels").Exists() || n.Get("matchExpressions").Exists() {
		matchLabels = n.Get("matchLabels")
		for expression := range n.Get("matchExpressions").Items() {
			s.MatchExpressions = append(s.MatchExpressions, selectorRequirement(expression))
		}
	}
	for key, value := range matchLabels.Entries() {
		s.MatchLabels[key] = value.Text()
	}
	return s
}

func selectorRequirement(n chart.Node) metav1.LabelSelectorRequirement {
	r := metav1.LabelSelectorRequirement{
		Key:      n.Get("key").Text(),
		Operator: metav1.LabelSelectorOperator(n.Get("operator").Text()),
	}
	for value := range n.Get("values").Items() {
		r.Values = append(r.Values, value.Text())
	}
	return r
}

// soleValue returns the value that a requirement demands, if it accepts only one.
func soleValue(r labels.Requirement) (string, bool) {
	values := r.ValuesUnsorted()
	if op := r.Operator(); op != selection.Equals && op != selection.In || len(values) != 1 {
		return "", false
	}
	return values[0], true
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

// mismatch describes how labels fail the requirements: "has component: scanner instead of component: go-scanner".
func mismatch(set labels.Set, unmet []labels.Requirement) string {
	var texts []string
	for _, r := range unmet {
		text := "lacks " + requirementText(r)
		if value, ok := set.Lookup(r.Key()); ok {
			text = fmt.Sprintf("has %s: %s instead of %s", r.Key(), value, requirementText(r))
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " and ")
}

func requirementText(r labels.Requirement) string {
	if value, ok := soleValue(r); ok {
		return r.Key() + ": " + value
	}
	return r.String()
}

// unmetNode returns the label of the first requirement that is written as a label, or else the whole selector.
func unmetNode(selector chart.Node, unmet []labels.Requirement) chart.Node {
	for _, r := range unmet {
		if label := firstOf(selector.Get("matchLabels", r.Key()), selector.Get(r.Key())); label.Exists() {
			return label
		}
	}
	return selector
}
