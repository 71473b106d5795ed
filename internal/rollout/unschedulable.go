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
	"k8s.io/component-helpers/resource"
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
	wants := resource.PodRequests(pod, resource.PodResourcesOptions{})
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
