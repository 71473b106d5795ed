package rule

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/traderadmin/charts/internal/chart"
	pods "github.com/traderadmin/charts/internal/workload"
	"github.com/traderadmin/charts/lint/budget"
)

func init() {
	register(&Rule{
		ID:    "disruption-blocked",
		Title: "Every PodDisruptionBudget lets pods be evicted",
		Why: "A budget that needs all pods of its workload never lets one be evicted. No node that runs such a pod can be " +
			"drained, so upgrades of nodes wait until someone deletes the pod by hand. The same happens to a pod that two " +
			"budgets select. Pods that an autoscaler may add " +
			"count, because they would allow an eviction.",
		Bad: `kind: Deployment
spec: {replicas: 1}
---
kind: PodDisruptionBudget
spec: {minAvailable: 1}`,
		Good: `kind: Deployment
spec: {replicas: 1}
---
kind: PodDisruptionBudget
spec: {maxUnavailable: 1}`,
		Severity: Warning,
		Check:    checkDisruptionBlocked,
	})
}

func checkDisruptionBlocked(p *Pass) {
	ws := workloadsOf(p)
	scalers := scalersOf(p.Rendered.Objects)
	budgets := map[*workload]*chart.Object{} // the first budget of each workload
	for _, o := range p.Rendered.Objects {
		if o.Kind != "PodDisruptionBudget" || isCustom(o) {
			continue
		}
		selector, ok := parseSelector(podSelector(o))
		if !ok {
			continue
		}
		selected := slices.DeleteFunc(slices.Clone(ws.selectedBy(o.Namespace(), selector)), func(w *workload) bool {
			return w.Hook() != chart.NoHook // its pods are gone after the hook
		})
		if w, other := firstKnown(budgets, selected); other != nil {
			p.Report(Finding{
				Node:    podSelector(o),
				Message: fmt.Sprintf("%s selects the pods of %s, as %s does: no pod with two budgets is ever evicted", o, w, other),
				Fix:     "Use labels that only the pods of one budget have, or one budget for all.",
				Object:  o.String(),
			})
			continue
		}
		for _, w := range selected {
			budgets[w] = o
		}
		if count, known := scalers.mostPods(selected); known && count > 0 {
			p.checkDisruption(o, selected, count)
		}
	}
}

// firstKnown returns the first of the workloads that has a budget, with its budget.
func firstKnown(budgets map[*workload]*chart.Object, workloads []*workload) (*workload, *chart.Object) {
	for _, w := range workloads {
		if other := budgets[w]; other != nil {
			return w, other
		}
	}
	return nil, nil
}

// scalers are what scales the workloads of a release.
type scalers struct {
	autoscalers pods.Autoscalers
	counts      map[*workload]int64
	custom      map[[2]string]bool // namespaces and names of workloads that custom resources scale, by spec.scaleTargetRef
}

func scalersOf(objects []*chart.Object) scalers {
	s := scalers{
		autoscalers: budget.Autoscalers(objects), counts: map[*workload]int64{}, custom: map[[2]string]bool{},
	}
	for _, o := range objects {
		if name := o.Get("spec", "scaleTargetRef", "name").Text(); name != "" && isCustom(o) {
			s.custom[[2]string{o.Namespace(), name}] = true
		}
	}
	return s
}

// mostPods returns how many pods workloads have together once their autoscalers have scaled them up; false if that
// is not known.
func (s scalers) mostPods(workloads []*workload) (count int64, known bool) {
	for _, w := range workloads {
		switch w.Kind {
		case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController":
		default:
			return 0, false // the number depends on the nodes or on the time
		}
		if s.custom[[2]string{w.Namespace(), w.Name}] {
			return 0, false
		}
		if _, known := s.counts[w]; !known {
			s.counts[w] = pods.PodsOf(budget.Manifest(w.Object), s.autoscalers, 0).Peak.Replicas
		}
		count += s.counts[w]
	}
	return count, true
}

// checkDisruption follows getExpectedPodCount in pkg/controller/disruption/disruption.go, which rounds percentages up.
func (p *Pass) checkDisruption(o *chart.Object, selected []*workload, count int64) {
	field := "maxUnavailable"
	if !o.Get("spec", field).Exists() {
		field = "minAvailable"
	}
	value := o.Get("spec", field)
	bound := intstr.Parse(value.Text())
	scaled, err := intstr.GetScaledValueFromIntOrPercent(&bound, int(count), true)
	blocks := field == "maxUnavailable" && scaled == 0 || field == "minAvailable" && int64(scaled) >= count
	if err != nil || !value.Exists() || !blocks {
		return
	}
	p.Report(Finding{
		Node: value,
		Message: fmt.Sprintf("%s never lets a pod be evicted: %s is %s, and the most pods of %s are %d",
			o, field, value.Text(), names(selected), count),
		Fix:    "Set maxUnavailable to 1, or run more pods; without a budget, a single pod can be evicted too.",
		Object: o.String(),
	})
}

// names returns the names of workloads, for a message.
func names(workloads []*workload) string {
	var found []string
	for _, w := range workloads {
		found = append(found, w.String())
	}
	return list(found)
}
