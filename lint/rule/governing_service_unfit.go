package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	pods "github.com/traderadmin/charts/internal/workload"
	"github.com/traderadmin/charts/lint/budget"
)

func init() {
	register(&Rule{
		ID:    "governing-service-unfit",
		Title: "The Service that governs a StatefulSet is headless and selects its pods",
		Why: "The pods of a StatefulSet have DNS names of their own, such as db-0.db, only if serviceName is a headless " +
			"Service that selects them. Programs that do not use these names do without, and so does a single pod.",
		Bad: `kind: StatefulSet
spec: {serviceName: db}
---
kind: Service
metadata: {name: db}
spec: {clusterIP: 10.0.0.1}`,
		Good: `kind: StatefulSet
spec: {serviceName: db}
---
kind: Service
metadata: {name: db}
spec: {clusterIP: None}`,
		Severity: Info,
		Check:    checkGoverningService,
	})
}

func checkGoverningService(p *Pass) {
	r := releaseOf(p)
	autoscalers := budget.Autoscalers(p.Rendered.Objects)
	for _, o := range p.Rendered.Objects {
		if o.Kind != "StatefulSet" || isCustom(o) {
			continue
		}
		ref := governingService(o)
		service := r.objects[ref.to]
		if service == nil || pods.PodsOf(budget.Manifest(o), autoscalers, 0).Peak.Replicas < 2 {
			continue // reference-object-missing reports the former; a single pod is reached through any Service
		}
		if problem := governingProblem(o, service); problem != "" {
			p.Report(Finding{
				Node:    ref.node,
				Message: fmt.Sprintf("%s is governed by %s, which %s: its pods have no DNS names", o, service, problem),
				Fix:     "Set serviceName to a Service with clusterIP: None that selects the pods.",
				Object:  o.String(),
			})
		}
	}
}

// governingProblem says why a Service gives the pods of a StatefulSet no DNS names, or "".
func governingProblem(statefulSet, service *chart.Object) string {
	if service.Get("spec", "clusterIP").Text() != "None" {
		return "is not headless"
	}
	selector, ok := parseSelector(podSelector(service))
	if ok && !selector.Matches(podLabels(statefulSet)) {
		return "does not select them"
	}
	return ""
}
