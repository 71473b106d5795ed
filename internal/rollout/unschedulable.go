package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
)

// notScheduled is the trouble of a pod that has no node.
func notScheduled(pod *corev1.Pod, scheduled corev1.PodCondition) trouble {
	like := scheduled.Reason + oneLine(with("", scheduled.Message))
	says := fmt.Sprintf("pod/%s: %s", pod.Name, like)
	t := trouble{says: says, like: like, about: string(pod.UID) + " node", patience: mayPass}
	if scheduled.Reason == corev1.PodReasonUnschedulable {
		t.patience = 0
		t.proof = func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
			nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
			if err != nil {
				return nil // who may not see the nodes cannot know
			}
			if why := fitsNone(pod, nodes.Items); why != "" {
				return fmt.Errorf("%s (%s)", says, why)
			}
			return nil
		}
	}
	return t
}

// fitsNone says why none of the nodes could hold pod even if nothing else ran there; "" when one could, or there are no nodes.
func fitsNone(pod *corev1.Pod, nodes []corev1.Node) string {
	if len(nodes) == 0 {
		return ""
	}
	selector := labels.SelectorFromSet(pod.Spec.NodeSelector)
	nodes = slices.DeleteFunc(nodes, func(node corev1.Node) bool { return !selector.Matches(labels.Set(node.Labels)) })
	if len(nodes) == 0 {
		return "no node has the labels of its nodeSelector: " + selector.String()
	}
	wants := requests(pod)
	largest := corev1.ResourceList{}
	for _, node := range nodes {
		fits := true
		for name, wanted := range wants {
			has := node.Status.Allocatable[name]
			fits = fits && wanted.Cmp(has) <= 0
			if most := largest[name]; has.Cmp(most) > 0 {
				largest[name] = has
			}
		}
		if fits {
			return ""
		}
	}
	var short []string
	for name, wanted := range wants {
		if most := largest[name]; wanted.Cmp(most) > 0 {
			short = append(short, fmt.Sprintf("it requests %s %s, and no node that it may use has more than %s", name, wanted.String(), most.String()))
		}
	}
	if len(short) == 0 {
		return "no node that it may use has as much of everything as it requests"
	}
	slices.Sort(short)
	return strings.Join(short, "; ")
}

// requests is how much of a node pod takes, by the rules of the scheduler: what its containers and sidecars take together, or more where an init
// container needs that alone; what the pod requests as a whole goes before both; and its overhead.
func requests(pod *corev1.Pod) corev1.ResourceList {
	running, starting := corev1.ResourceList{}, corev1.ResourceList{}
	for _, container := range pod.Spec.InitContainers {
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(running, container.Resources.Requests)
			atLeast(starting, running)
			continue
		}
		alone := running.DeepCopy()
		add(alone, container.Resources.Requests)
		atLeast(starting, alone)
	}
	for _, container := range pod.Spec.Containers {
		add(running, container.Resources.Requests)
	}
	atLeast(running, starting)
	if pod.Spec.Resources != nil {
		for name, quantity := range pod.Spec.Resources.Requests {
			running[name] = quantity
		}
	}
	add(running, pod.Spec.Overhead)
	for name, quantity := range running {
		if quantity.IsZero() {
			delete(running, name)
		}
	}
	return running
}

func add(sum, list corev1.ResourceList) {
	for name, quantity := range list {
		total := sum[name].DeepCopy()
		total.Add(quantity)
		sum[name] = total
	}
}

func atLeast(list, least corev1.ResourceList) {
	for name, quantity := range least {
		if have, ok := list[name]; !ok || have.Cmp(quantity) < 0 {
			list[name] = quantity.DeepCopy()
		}
	}
}
