package steps

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// workloadObject is a workload as the cluster has it, with what its kinds have in common.
type workloadObject struct {
	called    string // as the scenario says
	namespace string // in the cluster
	template  *corev1.PodTemplateSpec
	selector  string // of its pods
	replicas  int    // that it asks for; 0 where its kind does not say
}

// workload returns what a scenario calls deployment/NAME and the like.
func (s *scenario) workload(ctx context.Context, called, namespace string) (*workloadObject, error) {
	kind, name := workload(called)
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return nil, err
	}
	object, err := subject.get(ctx)
	if err != nil {
		return nil, err
	}
	found := &workloadObject{called: called, namespace: s.real(namespace)}
	if found.template, err = podTemplate(object.Object); err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	replicas, _, _ := unstructured.NestedInt64(object.Object, "spec", "replicas")
	found.replicas = int(replicas)
	labels, _, err := unstructured.NestedMap(object.Object, "spec", "selector")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	selector := new(metav1.LabelSelector)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(labels, selector); err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	found.selector = metav1.FormatLabelSelector(selector)
	return found, nil
}

// podsOf are the pods of a workload that have not ended, by its selector.
func (s *scenario) podsOf(ctx context.Context, w *workloadObject) ([]corev1.Pod, error) {
	pods, err := s.suite.cluster.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: w.selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", w.called, err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool {
		return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	}), nil
}
