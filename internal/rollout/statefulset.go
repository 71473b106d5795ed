package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/traderadmin/charts/internal/workload"
)

func (o objects) statefulSet(name string) (*target, error) {
	statefulSet, absent, err := find(o, o.statefulSets, statefulSetKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := o.podsOf(statefulSet)
	if err != nil {
		return nil, err
	}
	set := podSet{
		name:     "statefulset/" + name,
		owner:    statefulSet,
		pods:     pods,
		template: templateWithClaims(statefulSet),
		newest:   statefulSet.Status.ObservedGeneration >= statefulSet.Generation,
	}
	// Pods are created in order: the next one may be waiting for a pod that is not ready.
	if set.newest && count(pods, workload.Ready) == len(pods) {
		set.missing = int(*statefulSet.Spec.Replicas) - len(pods)
	}
	return &target{
		name:    set.name,
		object:  statefulSet,
		pending: statefulSetPending(statefulSet),
		sets:    splitByLabel(set, appsv1.StatefulSetRevisionLabel, statefulSet.Status.UpdateRevision),
	}, nil
}

// statefulSetPending returns why the rollout is not finished.
func statefulSetPending(statefulSet *appsv1.StatefulSet) error {
	status, wanted := statefulSet.Status, *statefulSet.Spec.Replicas // the API server sets a default
	strategy := statefulSet.Spec.UpdateStrategy
	updated := wanted
	if strategy.RollingUpdate != nil && strategy.RollingUpdate.Partition != nil {
		updated = max(0, wanted-*strategy.RollingUpdate.Partition)
	}
	switch {
	case statefulSet.DeletionTimestamp != nil:
		return errBeingDeleted
	case status.ObservedGeneration < statefulSet.Generation:
		return notObserved(statefulSet.Generation)
	case status.UpdatedReplicas < updated:
		return fmt.Errorf("%d of %d pods are updated (update strategy %s)", status.UpdatedReplicas, updated, strategy.Type)
	case status.AvailableReplicas < wanted:
		return fmt.Errorf("%d of %d pods are available", status.AvailableReplicas, wanted)
	case status.Replicas > wanted:
		return fmt.Errorf("%d pods exist, but %d are wanted: the others are being terminated", status.Replicas, wanted)
	}
	return nil
}

// templateWithClaims returns the template of the pods with the volumes that the controller adds for the volume claim
// templates. Without them the API server would reject the pod.
func templateWithClaims(statefulSet *appsv1.StatefulSet) *corev1.PodTemplateSpec {
	template := statefulSet.Spec.Template.DeepCopy()
	for _, claim := range statefulSet.Spec.VolumeClaimTemplates {
		template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{
			Name: claim.Name,
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
				ClaimName: fmt.Sprintf("%s-%s-0", claim.Name, statefulSet.Name),
			}},
		})
	}
	return template
}
