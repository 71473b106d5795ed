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

// OfNodes returns the capacity of a cluster: what they offer, all together, less what pods request that are there when it is first needed. Namespaces that ours selects
// do not count, as their pods are the run's. Nor do nodes that take not every pod. To who may not see nodes and pods of the whole cluster, it is endless.
func OfNodes(cluster kubernetes.Interface, ours labels.Selector) *Capacity {
	return New(func(ctx context.Context) (Amount, error) {
		size, err := measure(ctx, cluster, ours)
		if apierrors.IsForbidden(err) {
			return endless, nil
		}
		return size, err
	})
}

var endless = Amount{CPU: math.MaxInt64 / 2, Memory: math.MaxInt64 / 2, Pods: math.MaxInt64 / 2}

func measure(ctx context.Context, cluster kubernetes.Interface, ours labels.Selector) (Amount, error) {
	nodes, err := cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return Amount{}, err
	}
	pods, err := cluster.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Amount{}, err
	}
	namespaces, err := cluster.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: ours.String()})
	if err != nil {
		return Amount{}, err
	}
	mine := sets.New[string]()
	for _, namespace := range namespaces.Items {
		mine.Insert(namespace.Name)
	}
	var left Amount
	counted := sets.New[string]()
	for _, node := range nodes.Items {
		if takesEveryPod(node) {
			left = left.plus(amount(node.Status.Allocatable))
			counted.Insert(node.Name)
		}
	}
	for _, pod := range pods.Items {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if counted.Has(pod.Spec.NodeName) && !ended && !mine.Has(pod.Namespace) {
			left = left.minus(ofPod(pod.Spec))
		}
	}
	return left, nil
}

func takesEveryPod(node corev1.Node) bool {
	return !node.Spec.Unschedulable && !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule })
}
