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

// notScheduled returns the problem of a pod that has no node.
func notScheduled(pod *corev1.Pod, scheduled corev1.PodCondition) problem {
	cause := scheduled.Reason + oneLine(suffix("", scheduled.Message))
	text := fmt.Sprintf("pod/%s: %s", pod.Name, cause)
	p := problem{text: text, cause: cause, id: string(pod.UID) + " node", grace: ignored}
	if scheduled.Reason == corev1.PodReasonUnschedulable {
		p.grace = 0
		p.confirm = func(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error {
			if lasted >= claimGrace {
				if why := unusableClaims(ctx, client, pod); why != "" {
					return fmt.Errorf("%s (%s)", text, why)
				}
			}
			nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
			if err != nil {
				return nil // unknown, for example because listing nodes is forbidden
			}
			if why := tooLargeForAll(pod, nodes.Items); why != "" {
				return fmt.Errorf("%s (%s)", text, why)
			}
			return nil
		}
	}
	return p
}

// tooLargeForAll returns why none of the nodes could hold the pod even if it were empty. It returns "" if one could, or
// if there are no nodes.
func tooLargeForAll(pod *corev1.Pod, nodes []corev1.Node) string {
	if len(nodes) == 0 {
		return ""
	}
	selector := labels.SelectorFromSet(pod.Spec.NodeSelector)
	eligible := slices.DeleteFunc(slices.Clone(nodes), func(node corev1.Node) bool {
		return !selector.Matches(labels.Set(node.Labels))
	})
	if len(eligible) == 0 {
		return "no node matches its nodeSelector: " + selector.String()
	}
	requests := resource.PodRequests(pod, resource.PodResourcesOptions{})
	largest := corev1.ResourceList{}
	for _, node := range eligible {
		fits := true
		for name, requested := range requests {
			allocatable := node.Status.Allocatable[name]
			fits = fits && requested.Cmp(allocatable) <= 0
			if maximum := largest[name]; allocatable.Cmp(maximum) > 0 {
				largest[name] = allocatable
			}
		}
		if fits {
			return ""
		}
	}
	var exceeded []string
	for name, requested := range requests {
		if maximum := largest[name]; requested.Cmp(maximum) > 0 {
			exceeded = append(exceeded, fmt.Sprintf("it requests %s %s, and no eligible node has more than %s",
				name, requested.String(), maximum.String()))
		}
	}
	if len(exceeded) == 0 {
		return "no eligible node has enough of every resource that it requests"
	}
	slices.Sort(exceeded)
	return strings.Join(exceeded, "; ")
}
