package capacity

import (
	"context"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
)

// OfNodes returns the capacity of a cluster: the allocatable resources of its nodes, less the requests of other pods
// when the capacity is first needed. Pods in the namespaces that the selector matches are the run's own, and are not
// subtracted. Tainted and unschedulable nodes are ignored. If the user may not list nodes or pods, the capacity is
// unlimited.
func OfNodes(cluster kubernetes.Interface, own labels.Selector) *Capacity {
	return New(func(ctx context.Context) (Amount, error) {
		size, err := measure(ctx, cluster, own)
		if apierrors.IsForbidden(err) {
			return unlimited, nil
		}
		return size, err
	})
}

var unlimited = Amount{CPU: math.MaxInt64 / 2, Memory: math.MaxInt64 / 2, Pods: math.MaxInt64 / 2}

func measure(ctx context.Context, cluster kubernetes.Interface, own labels.Selector) (Amount, error) {
	nodes, err := cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return Amount{}, err
	}
	pods, err := cluster.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Amount{}, err
	}
	namespaces, err := cluster.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: own.String()})
	if err != nil {
		return Amount{}, err
	}
	ownNamespaces := sets.New[string]()
	for _, namespace := range namespaces.Items {
		ownNamespaces.Insert(namespace.Name)
	}
	var free Amount
	schedulable := sets.New[string]()
	for _, node := range nodes.Items {
		if isSchedulable(node) {
			free = free.plus(amountOf(node.Status.Allocatable))
			schedulable.Insert(node.Name)
		}
	}
	for _, pod := range pods.Items {
		if schedulable.Has(pod.Spec.NodeName) && !hasEnded(pod) && !ownNamespaces.Has(pod.Namespace) {
			free = free.minus(requestsOf(pod.Spec))
		}
	}
	return free, nil
}

// isSchedulable reports whether a node accepts pods without tolerations.
func isSchedulable(node corev1.Node) bool {
	repels := func(taint corev1.Taint) bool { return taint.Effect != corev1.TaintEffectPreferNoSchedule }
	return !node.Spec.Unschedulable && !slices.ContainsFunc(node.Spec.Taints, repels)
}

func hasEnded(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
