package rollout

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
)

// generationLabel is by which a DaemonSet's pods tell how often its template had changed when they were made; the DaemonSet
// itself has the number in an annotation. Its ControllerRevisions would tell as much, but may be seen later than itself.
const generationLabel = "pod-template-generation"

func (n Namespace) daemonSet(name string) (*workload, error) {
	made, absent, err := find(n, n.DaemonSets, daemonSetKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := n.podsOf(made)
	if err != nil {
		return nil, err
	}
	s := set{
		name: "daemonset/" + name, object: made, pods: pods, template: &made.Spec.Template,
		newest: made.Status.ObservedGeneration >= made.Generation,
	}
	if s.newest {
		s.lacks = int(made.Status.DesiredNumberScheduled) - len(pods)
	}
	return &workload{
		name: s.name, object: made, missing: daemonSetLacks(made),
		sets: byLabel(s, generationLabel, made.Annotations[appsv1.DeprecatedTemplateGeneration]),
	}, nil
}

func daemonSetLacks(made *appsv1.DaemonSet) error {
	status := made.Status
	wanted := status.DesiredNumberScheduled
	switch {
	case made.DeletionTimestamp != nil:
		return errors.New("it is being deleted")
	case status.ObservedGeneration < made.Generation:
		return fmt.Errorf("the controller has not seen generation %d of it yet", made.Generation)
	case wanted == 0: // nobody can ask for 0 pods of a DaemonSet
		return errors.New("no node is meant to have a pod of it: see its nodeSelector, affinity and tolerations")
	case status.UpdatedNumberScheduled < wanted:
		return fmt.Errorf("%d of %d pods are made from its newest template (update strategy %s)",
			status.UpdatedNumberScheduled, wanted, made.Spec.UpdateStrategy.Type)
	case status.NumberAvailable < wanted:
		return fmt.Errorf("%d of %d pods are available", status.NumberAvailable, wanted)
	case status.NumberMisscheduled > 0:
		return fmt.Errorf("%d pods have yet to leave nodes that are not meant to have one", status.NumberMisscheduled)
	}
	return nil
}
