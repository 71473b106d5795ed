package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
)

// generationLabel is a label on the pods of a DaemonSet. It counts the changes of the template; the DaemonSet has the
// newest count in an annotation. ControllerRevisions would also do, but a watch may see them later than the DaemonSet.
const generationLabel = "pod-template-generation"

func (o objects) daemonSet(name string) (*target, error) {
	daemonSet, absent, err := find(o, o.daemonSets, daemonSetKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := o.podsOf(daemonSet)
	if err != nil {
		return nil, err
	}
	set := podSet{
		name:     "daemonset/" + name,
		owner:    daemonSet,
		pods:     pods,
		template: &daemonSet.Spec.Template,
		newest:   daemonSet.Status.ObservedGeneration >= daemonSet.Generation,
	}
	if set.newest {
		set.missing = int(daemonSet.Status.DesiredNumberScheduled) - len(pods)
	}
	return &target{
		name:    set.name,
		object:  daemonSet,
		pending: daemonSetPending(daemonSet),
		sets:    splitByLabel(set, generationLabel, daemonSet.Annotations[appsv1.DeprecatedTemplateGeneration]),
	}, nil
}

// daemonSetPending returns why the rollout is not finished.
func daemonSetPending(daemonSet *appsv1.DaemonSet) error {
	status := daemonSet.Status
	wanted := status.DesiredNumberScheduled
	switch {
	case daemonSet.DeletionTimestamp != nil:
		return errBeingDeleted
	case status.ObservedGeneration < daemonSet.Generation:
		return notObserved(daemonSet.Generation)
	case wanted == 0: // a DaemonSet cannot be scaled to 0, so this is a mistake
		return errors.New("no node matches it: check its nodeSelector, affinity and tolerations")
	case status.UpdatedNumberScheduled < wanted:
		return fmt.Errorf("%d of %d pods are updated (update strategy %s)",
			status.UpdatedNumberScheduled, wanted, daemonSet.Spec.UpdateStrategy.Type)
	case status.NumberAvailable < wanted:
		return fmt.Errorf("%d of %d pods are available", status.NumberAvailable, wanted)
	case status.NumberMisscheduled > 0:
		return fmt.Errorf("%d pods still run on nodes that do not match", status.NumberMisscheduled)
	}
	return nil
}
