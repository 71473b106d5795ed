package workload

// Autoscalers holds HorizontalPodAutoscalers by the workload that they scale.
type Autoscalers map[target][]autoscaler

type target struct{ namespace, kind, name string }

type autoscaler struct{ minReplicas, maxReplicas int64 }

// Add adds a HorizontalPodAutoscaler. It ignores any other object.
func (a Autoscalers) Add(m Manifest) {
	if m.Group != "autoscaling" || m.Kind != "HorizontalPodAutoscaler" {
		return
	}
	t := target{
		namespace: m.Namespace,
		kind:      m.Field("spec", "scaleTargetRef", "kind"),
		name:      m.Field("spec", "scaleTargetRef", "name"),
	}
	// SetDefaults_HorizontalPodAutoscaler in pkg/apis/autoscaling/v2/defaults.go; maxReplicas is required.
	a[t] = append(a[t], autoscaler{
		minReplicas: m.count(1, "spec", "minReplicas"),
		maxReplicas: m.count(1, "spec", "maxReplicas"),
	})
}

// scale returns spec.replicas, 1 by default (pkg/apis/apps/v1/defaults.go), raised by the autoscalers of the workload.
//
// It follows reconcileAutoscaler in pkg/controller/podautoscaler/horizontal.go. An autoscaler is disabled at 0
// replicas, unless it scaled the workload to 0 itself, which a manifest cannot express. Replicas above maxReplicas
// count, because their pods exist until the autoscaler removes them.
func (a Autoscalers) scale(m Manifest) Pods {
	pods := constant(m.count(1, "spec", "replicas"))
	if pods.Initial.Replicas == 0 {
		return pods
	}
	for _, scaler := range a[target{m.Namespace, m.Kind, m.Name}] {
		pods.Initial.Replicas = max(pods.Initial.Replicas, scaler.minReplicas)
		pods.Peak.Replicas = max(pods.Peak.Replicas, pods.Initial.Replicas, scaler.maxReplicas)
	}
	return pods
}
