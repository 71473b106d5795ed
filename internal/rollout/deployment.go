package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// revision is the annotation by which the Deployment controller numbers a Deployment's ReplicaSets.
const revision = "deployment.kubernetes.io/revision"

// RolledOut wants the Deployment name to exist and its rollout to be finished: the controller has seen its newest
// spec, and as many pods as it asks for are of that spec and available, with none left of an older one.
func RolledOut(name string) Condition {
	return Condition{
		Want: fmt.Sprintf("deployment/%s to be rolled out", name),
		Check: func(n Namespace) error {
			_, err := n.rolledOut(name)
			return err
		},
	}
}

// PodsUse wants the Deployment name to be rolled out and every pod of its newest ReplicaSet to have a container of this image.
// When it is rolled out with other images, or wants no pods, waiting is over.
func PodsUse(name, image string) Condition {
	return Condition{
		Want: fmt.Sprintf("the pods of deployment/%s to use image %q", name, image),
		Check: func(n Namespace) error {
			deployment, err := n.rolledOut(name)
			if err != nil {
				return err
			}
			pods, err := n.newestPods(deployment)
			if err != nil {
				return err
			}
			for _, pod := range pods {
				if used := images(pod); !slices.Contains(used, image) {
					return Never(fmt.Errorf("it is rolled out, and pod/%s uses %q", pod.Name, used))
				}
			}
			return nil
		},
	}
}

func images(pod *corev1.Pod) []string {
	var used []string
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		used = append(used, container.Image)
	}
	return used
}

// rolledOut returns the Deployment when its rollout is finished, by the test of `kubectl rollout status`.
func (n Namespace) rolledOut(name string) (*appsv1.Deployment, error) {
	deployment, err := n.Deployments.Get(name)
	if apierrors.IsNotFound(err) {
		return nil, n.noDeployment(name)
	}
	if err != nil {
		return nil, err
	}
	status, wanted := deployment.Status, *deployment.Spec.Replicas // the API server sets a default
	switch {
	case status.ObservedGeneration < deployment.Generation:
		err = fmt.Errorf("the controller has not seen generation %d of it yet", deployment.Generation)
	case status.UpdatedReplicas < wanted:
		err = fmt.Errorf("%d of %d pods are made from its newest template", status.UpdatedReplicas, wanted)
	case status.AvailableReplicas < wanted:
		err = fmt.Errorf("%d of %d pods are available", status.AvailableReplicas, wanted)
	case status.Replicas > wanted:
		err = fmt.Errorf("%d pods are there of %d wanted: older ones have yet to go", status.Replicas, wanted)
	default:
		return deployment, nil
	}
	return nil, n.because(deployment, err)
}

// noDeployment says what there is instead of the Deployment that was looked for.
func (n Namespace) noDeployment(name string) error {
	others, err := n.Deployments.List(labels.Everything())
	if err != nil {
		return err
	}
	if len(others) == 0 {
		return fmt.Errorf("there is no deployment/%s, nor any other Deployment", name)
	}
	names := make([]string, len(others))
	for i, other := range others {
		names[i] = other.Name
	}
	slices.Sort(names)
	return fmt.Errorf("there is no deployment/%s, only %s", name, strings.Join(names, ", "))
}

// newestPods returns the pods of the Deployment's newest ReplicaSet, at least one.
func (n Namespace) newestPods(deployment *appsv1.Deployment) ([]*corev1.Pod, error) {
	if *deployment.Spec.Replicas == 0 {
		return nil, Never(errors.New("it wants 0 replicas, so that there is no pod to look at"))
	}
	newest, err := n.newestReplicaSet(deployment)
	if err != nil {
		return nil, err
	}
	pods, err := n.podsOf(newest)
	if err == nil && len(pods) == 0 {
		err = fmt.Errorf("replicaset/%s has no pods", newest.Name)
	}
	return pods, err
}

// newestReplicaSet is the one that carries the Deployment's own revision number.
func (n Namespace) newestReplicaSet(deployment *appsv1.Deployment) (*appsv1.ReplicaSet, error) {
	sets, err := n.ReplicaSets.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if metav1.IsControlledBy(set, deployment) && set.Annotations[revision] == deployment.Annotations[revision] {
			return set, nil
		}
	}
	return nil, fmt.Errorf("deployment/%s has no ReplicaSet of its revision %s yet", deployment.Name, deployment.Annotations[revision])
}

func (n Namespace) podsOf(set *appsv1.ReplicaSet) ([]*corev1.Pod, error) {
	all, err := n.Pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for _, pod := range all {
		if metav1.IsControlledBy(pod, set) && pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}
