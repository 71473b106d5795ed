package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// revisionAnnotation is the annotation with the number that the Deployment controller gives to a ReplicaSet.
const revisionAnnotation = "deployment.kubernetes.io/revision"

func (o objects) deployment(name string) (*target, error) {
	deployment, absent, err := find(o, o.deployments, deploymentKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	t := &target{name: "deployment/" + name, object: deployment, pending: deploymentPending(deployment)}
	if t.sets, err = o.replicaSetsOf(deployment); err != nil {
		return nil, err
	}
	if deployment.Status.ObservedGeneration >= deployment.Generation {
		t.problems = exceededDeadline(deployment)
	}
	return t, nil
}

// deploymentPending returns why the rollout is not finished, by the rules of `kubectl rollout status`.
func deploymentPending(deployment *appsv1.Deployment) error {
	status, wanted := deployment.Status, *deployment.Spec.Replicas // the API server sets a default
	switch {
	case deployment.DeletionTimestamp != nil:
		return errBeingDeleted
	case status.ObservedGeneration < deployment.Generation:
		return notObserved(deployment.Generation)
	case status.UpdatedReplicas < wanted && deployment.Spec.Paused:
		return fmt.Errorf("%d of %d pods are updated, and the rollout is paused", status.UpdatedReplicas, wanted)
	case status.UpdatedReplicas < wanted:
		return fmt.Errorf("%d of %d pods are updated", status.UpdatedReplicas, wanted)
	case status.AvailableReplicas < wanted:
		return fmt.Errorf("%d of %d pods are available", status.AvailableReplicas, wanted)
	case status.Replicas > wanted:
		return fmt.Errorf("%d pods exist, but %d are wanted: old pods are being terminated", status.Replicas, wanted)
	}
	return nil
}

var errBeingDeleted = errors.New("it is being deleted")

// notObserved returns the error for a workload with a status that is older than its spec.
func notObserved(generation int64) error {
	return fmt.Errorf("its controller has not observed generation %d yet", generation)
}

// exceededDeadline returns the problem of a Deployment that has exceeded its progress deadline, if it has.
func exceededDeadline(deployment *appsv1.Deployment) []problem {
	const grace = 5 * time.Second // the controller withdraws the condition only at the next progress
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded" {
			text := fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
			id := fmt.Sprintf("%s deadline %d", deployment.UID, deployment.Generation)
			return []problem{{text: text, cause: text, id: id, grace: grace}}
		}
	}
	return nil
}

// replicaSetsOf returns the ReplicaSets of a Deployment, newest first. The newest one has the same revision number as
// the Deployment, once the controller has observed the newest spec. Until then, none is the newest.
func (o objects) replicaSetsOf(deployment *appsv1.Deployment) ([]podSet, error) {
	all, err := o.replicaSets.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(set *appsv1.ReplicaSet) bool { return !metav1.IsControlledBy(set, deployment) })
	slices.SortFunc(all, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(revision(b), revision(a)) })
	observed := deployment.Status.ObservedGeneration >= deployment.Generation
	var sets []podSet
	for _, replicaSet := range all {
		pods, err := o.podsOf(replicaSet)
		if err != nil {
			return nil, err
		}
		set := podSet{
			name:     "replicaset/" + replicaSet.Name,
			owner:    replicaSet,
			pods:     pods,
			template: &replicaSet.Spec.Template,
			newest:   observed && replicaSet.Annotations[revisionAnnotation] == deployment.Annotations[revisionAnnotation],
		}
		if set.newest && replicaSet.Spec.Replicas != nil {
			set.missing = int(*replicaSet.Spec.Replicas) - count(pods, isActive)
		}
		if replicaSet.Status.ObservedGeneration >= replicaSet.Generation {
			set.rejection = replicaFailure(replicaSet)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// revision returns the number of a ReplicaSet, or 0 if the controller has not numbered it yet.
func revision(set *appsv1.ReplicaSet) int {
	n, _ := strconv.Atoi(set.Annotations[revisionAnnotation])
	return n
}

// replicaFailure returns what the controller of a ReplicaSet reports about pods that it could not create, or "".
func replicaFailure(set *appsv1.ReplicaSet) string {
	for _, condition := range set.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			return fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return ""
}
