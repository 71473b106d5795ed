package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "selector-template-mismatch",
		Title: "Every workload selects the pods that it creates",
		Why:   "The API server rejects the workload, because it could never find its own pods.",
		Bad: `selector:
  matchLabels: {app: go-scanner}
template:
  metadata:
    labels: {app: scanner}`,
		Good: `selector:
  matchLabels: {app: go-scanner}
template:
  metadata:
    labels: {app: go-scanner}`,
		Severity: Error,
		Refused:  true,
		Check:    checkSelectorTemplateMismatch,
	})
}

func checkSelectorTemplateMismatch(p *Pass) {
	for _, o := range p.Rendered.Objects {
		if !o.PodSpec().Exists() || hasGeneratedSelector(o) {
			continue
		}
		node := o.Get("spec", "selector")
		selector, ok := parseSelector(node)
		if !ok {
			continue
		}
		requirements, _ := selector.Requirements()
		set := podLabels(o)
		unmet := unmetBy(set, requirements)
		if len(unmet) == 0 {
			continue
		}
		p.Report(Finding{
			Node:    unmetNode(node, unmet),
			Message: fmt.Sprintf("%s does not select its own pods: its template %s", o, mismatch(set, unmet)),
			Fix:     "Use the same labels in the selector and the pod template, from one named template.",
			Object:  o.String(),
			Field:   "spec.template.metadata.labels",
		})
	}
}

// hasGeneratedSelector reports whether Kubernetes itself sets the selector.
func hasGeneratedSelector(o *chart.Object) bool {
	return o.Kind == "CronJob" || o.Kind == "Job" && !isTrue(o.Get("spec", "manualSelector"))
}
