package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "selector-template-mismatch",
		Title: "The selector of every workload selects the pods that the workload makes",
		Why:   "The API server refuses the workload: it could never find its own pods.",
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
		Check:    checkSelectorTemplateMismatch,
	})
}

func checkSelectorTemplateMismatch(p *Pass) {
	for _, o := range p.Rendered.Objects {
		if !o.PodSpec().Exists() || o.Kind == "CronJob" || o.Kind == "Job" && !isTrue(o.Get("spec", "manualSelector")) {
			continue // Kubernetes itself writes the selectors of jobs
		}
		written := o.Get("spec", "selector")
		asked, ok := selector(written)
		if !ok {
			continue
		}
		requirements, _ := asked.Requirements()
		has := podLabels(o)
		unmet := unmetBy(has, requirements)
		if len(unmet) == 0 {
			continue
		}
		p.Report(Finding{
			Node:    unmetNode(written, unmet),
			Message: fmt.Sprintf("%s does not select its own pods: they have %s", o, mismatch(has, unmet)),
			Fix:     "Give the selector and the pod template the same labels, from one named template.",
			Object:  o.String(),
		})
	}
}
