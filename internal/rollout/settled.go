package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Settled holds when no rollout of a workload is under way, which is later than `helm --wait` waits: Helm returns when
// the new pods are ready, and the controller then still deletes old ones. It also holds if the workload does not exist,
// or if its controller leaves old pods alone.
func Settled(kind, name string) Condition {
	return Condition{kind: kind, name: name, goal: "have no rollout under way", check: func(t *target) error {
		if t.object == nil || keepsOldPods(t.object) {
			return nil
		}
		return t.verdict()
	}}
}

// keepsOldPods reports whether the controller of a workload does not replace the pods of older revisions by itself, or
// wants no pods.
func keepsOldPods(object metav1.Object) bool {
	switch w := object.(type) {
	case *appsv1.Deployment:
		return w.Spec.Paused
	case *appsv1.StatefulSet:
		return w.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	case *appsv1.DaemonSet:
		unwanted := w.Status.ObservedGeneration >= w.Generation && w.Status.DesiredNumberScheduled == 0
		return unwanted || w.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType
	}
	return false
}
