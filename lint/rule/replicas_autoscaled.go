package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "replicas-autoscaled",
		Title: "A workload with an autoscaler has no replicas",
		Why: "Every upgrade resets the number of pods to spec.replicas, however many the autoscaler has started for the " +
			"load. It may take minutes to scale up again.",
		Bad: `spec:
  replicas: {{ .Values.replicas }}`,
		Good: `spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicas }}
  {{- end }}`,
		Severity: Warning,
		Check:    checkReplicasAutoscaled,
	})
}

func checkReplicasAutoscaled(p *Pass) {
	r := releaseOf(p)
	reported := map[*chart.Object]bool{}
	for _, o := range p.Rendered.Objects {
		if !isAutoscaler(o) {
			continue
		}
		target := r.objects[scaleTarget(o).to]
		if target == nil || reported[target] {
			continue
		}
		replicas := target.Get("spec", "replicas")
		// At 0 replicas the autoscaler is disabled; a fixed number of replicas is nothing that an upgrade could change.
		if text := replicas.Text(); text == "" || text == "0" || isFixed(o, text) {
			continue
		}
		reported[target] = true
		p.Report(Finding{
			Node: replicas,
			Message: fmt.Sprintf("%s has %s replicas, although %s scales it: every upgrade resets the number of pods",
				target, replicas.Text(), o),
			Fix:    "Render replicas only if the autoscaler is not rendered.",
			Object: target.String(),
		})
	}
}

// isFixed reports whether an autoscaler allows only one number of replicas, the given one.
func isFixed(autoscaler *chart.Object, replicas string) bool {
	least := autoscaler.Get("spec", "minReplicas").Text()
	return least == replicas && autoscaler.Get("spec", "maxReplicas").Text() == replicas
}
