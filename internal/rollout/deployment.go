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

// revision is the annotation by which the Deployment controller numbers a Deployment's ReplicaSets.
const revision = "deployment.kubernetes.io/revision"

// PodsUseImage wants the Deployment name to be rolled out and every pod of its newest ReplicaSet to have a container of this image.
// When it is rolled out with other images, or wants no pods, waiting is over.
func PodsUseImage(name, image string) Condition {
	return Condition{
		Want: fmt.Sprintf("the pods of deployment/%s to use image %q", name, image),
		Check: func(n Namespace) error {
			w, err := n.deployment(name)
			if err != nil {
				return err
			}
			if err := w.verdict(); err != nil {
				return err
			}
			pods, err := w.newestPods()
			if err != nil {
				return err
			}
			for _, pod := range pods {
				if used := images(pod); !slices.Contains(used, image) {
					return Permanent(fmt.Errorf("it is rolled out, and pod/%s uses %q", pod.Name, used))
				}
			}
			return nil
		},
		kind: deploymentKind, name: name,
	}
}

func images(pod *corev1.Pod) []string {
	var used []string
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		used = append(used, container.Image)
	}
	return used
}

// newestPods returns the pods that stay of the workload's newest set, at least one.
func (w *workload) newestPods() ([]*corev1.Pod, error) {
	if deployment, ok := w.object.(*appsv1.Deployment); ok && *deployment.Spec.Replicas == 0 {
		return nil, Permanent(errors.New("it wants 0 replicas, so that there is no pod to look at"))
	}
	if len(w.sets) == 0 || !w.sets[0].newest {
		return nil, fmt.Errorf("%s has no ReplicaSet of its newest revision yet", w.name)
	}
	newest := w.sets[0]
	pods := slices.DeleteFunc(slices.Clone(newest.pods), func(pod *corev1.Pod) bool { return !stays(pod) })
	if len(pods) == 0 {
		return nil, fmt.Errorf("%s has no pods", newest.name)
	}
	return pods, nil
}

func (n Namespace) deployment(name string) (*workload, error) {
	deployment, absent, err := find(n, n.Deployments, deploymentKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	w := &workload{name: "deployment/" + name, object: deployment, missing: lacking(deployment)}
	if w.sets, err = n.replicaSets(deployment); err != nil {
		return nil, err
	}
	if deployment.Status.ObservedGeneration >= deployment.Generation {
		w.troubles = deadline(deployment)
	}
	return w, nil
}

// lacking is what the Deployment lacks until its rollout is finished, by the test of `kubectl rollout status`.
func lacking(deployment *appsv1.Deployment) error {
	status, wanted := deployment.Status, *deployment.Spec.Replicas // the API server sets a default
	switch {
	case deployment.DeletionTimestamp != nil:
		return errors.New("it is being deleted")
	case status.ObservedGeneration < deployment.Generation:
		return fmt.Errorf("the controller has not seen generation %d of it yet", deployment.Generation)
	case status.UpdatedReplicas < wanted && deployment.Spec.Paused:
		return fmt.Errorf("%d of %d pods are made from its newest template, and it is paused", status.UpdatedReplicas, wanted)
	case status.UpdatedReplicas < wanted:
		return fmt.Errorf("%d of %d pods are made from its newest template", status.UpdatedReplicas, wanted)
	case status.AvailableReplicas < wanted:
		return fmt.Errorf("%d of %d pods are available", status.AvailableReplicas, wanted)
	case status.Replicas > wanted:
		return fmt.Errorf("%d pods are there of %d wanted: older ones have yet to go", status.Replicas, wanted)
	}
	return nil
}

// deadline is the trouble of a Deployment that made no progress for as long as its spec allows.
func deadline(deployment *appsv1.Deployment) []trouble {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded" {
			says := fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
			return []trouble{{
				says: says, like: says,
				about:    fmt.Sprintf("%s deadline %d", deployment.UID, deployment.Generation),
				patience: 5 * time.Second,
			}}
		}
	}
	return nil
}

// replicaSets returns the Deployment's ReplicaSets, the newest first. The newest one is the one that carries the Deployment's own revision
// number, once the controller has seen the newest spec; no other counts.
func (n Namespace) replicaSets(deployment *appsv1.Deployment) ([]set, error) {
	all, err := n.ReplicaSets.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(set *appsv1.ReplicaSet) bool { return !metav1.IsControlledBy(set, deployment) })
	slices.SortFunc(all, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(number(b), number(a)) })
	var sets []set
	for _, made := range all {
		pods, err := n.podsOf(made)
		if err != nil {
			return nil, err
		}
		s := set{
			name: "replicaset/" + made.Name, object: made, pods: pods, template: &made.Spec.Template,
			newest: deployment.Status.ObservedGeneration >= deployment.Generation &&
				made.Annotations[revision] == deployment.Annotations[revision],
		}
		if s.newest && made.Spec.Replicas != nil {
			s.lacks = int(*made.Spec.Replicas) - count(pods, stays)
		}
		if made.Status.ObservedGeneration >= made.Generation {
			s.refusal = refusal(made)
		}
		sets = append(sets, s)
	}
	return sets, nil
}

func number(set *appsv1.ReplicaSet) int {
	n, _ := strconv.Atoi(set.Annotations[revision]) // 0 before the controller has numbered it
	return n
}

// refusal is what the ReplicaSet's controller says about pods that it could not make; "" when it says nothing.
func refusal(made *appsv1.ReplicaSet) string {
	for _, condition := range made.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			return fmt.Sprintf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return ""
}
