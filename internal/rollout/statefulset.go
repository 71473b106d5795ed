package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func (n Namespace) statefulSet(name string) (*workload, error) {
	made, absent, err := find(n, n.StatefulSets, statefulSetKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := n.podsOf(made)
	if err != nil {
		return nil, err
	}
	s := set{
		name: "statefulset/" + name, object: made, pods: pods, template: withClaims(made),
		newest: made.Status.ObservedGeneration >= made.Generation,
	}
	// One that is not ready may be what the next one waits for.
	if s.newest && count(pods, isReady) == len(pods) {
		s.lacks = int(*made.Spec.Replicas) - len(pods)
	}
	return &workload{
		name: s.name, object: made, missing: statefulSetLacks(made),
		sets: byLabel(s, appsv1.StatefulSetRevisionLabel, made.Status.UpdateRevision),
	}, nil
}

func statefulSetLacks(made *appsv1.StatefulSet) error {
	status, wanted := made.Status, *made.Spec.Replicas // the API server sets a default
	updated := wanted
	if rolling := made.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.Partition != nil {
		updated = max(0, wanted-*rolling.Partition)
	}
	switch {
	case made.DeletionTimestamp != nil:
		return errors.New("it is being deleted")
	case status.ObservedGeneration < made.Generation:
		return fmt.Errorf("the controller has not seen generation %d of it yet", made.Generation)
	case status.UpdatedReplicas < updated:
		return fmt.Errorf("%d of %d pods are made from its newest template (update strategy %s)",
			status.UpdatedReplicas, updated, made.Spec.UpdateStrategy.Type)
	case status.AvailableReplicas < wanted:
		return fmt.Errorf("%d of %d pods are available", status.AvailableReplicas, wanted)
	case status.Replicas > wanted:
		return fmt.Errorf("%d pods are there of %d wanted: some have yet to go", status.Replicas, wanted)
	}
	return nil
}

// withClaims is the template of the StatefulSet's pods with the volumes that it adds for its claims, without which it would not be valid.
func withClaims(made *appsv1.StatefulSet) *corev1.PodTemplateSpec {
	template := made.Spec.Template.DeepCopy()
	for _, claim := range made.Spec.VolumeClaimTemplates {
		template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{
			Name: claim.Name,
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
				ClaimName: fmt.Sprintf("%s-%s-0", claim.Name, made.Name),
			}},
		})
	}
	return template
}
