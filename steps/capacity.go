package steps

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/steps/internal/capacity"
	"github.com/traderadmin/charts/steps/internal/ownership"
)

// newCapacity is what the nodes have for the pods of scenarios, or nil where these do not share it: where nodes are simulated, as large as the user says; where scenarios run one
// after another; and where what they leave stays.
func newCapacity(cluster kubernetes.Interface, run string, options Options) *capacity.Capacity {
	if !options.Containers || options.SingleNamespace != "" || options.RetainNamespaces > 0 {
		return nil
	}
	return capacity.OfNodes(cluster, labels.SelectorFromSet(labels.Set{ownership.Label: run}))
}

// reserve waits until the nodes have room for the pods of objects that are about to be sent.
func (s *scenario) reserve(ctx context.Context, objects []*unstructured.Unstructured) error {
	if s.share == nil {
		return nil
	}
	if err := s.share.Reserve(ctx, objects); err != nil {
		return fmt.Errorf("wait until the nodes have room for the pods of this scenario: %w", err)
	}
	return nil
}

// giveBack gives the scenario's room to others once its pods, which are being deleted, are gone. It does not wait for that.
func (s *scenario) giveBack() {
	if s.share == nil {
		return
	}
	s.suite.background.start(func(ctx context.Context) {
		defer s.share.Release()
		pods := s.suite.objects.Resource(corev1.SchemeGroupVersion.WithResource("pods"))
		for _, namespace := range s.namespaces.all() {
			// Where it fails, others come too early, and the scheduler has them wait.
			_ = s.awaitObjects(ctx, pods.Namespace(namespace), metav1.ListOptions{}, func(left []*unstructured.Unstructured) (bool, error) {
				if len(left) > 0 {
					return false, fmt.Errorf("%d pods are left", len(left))
				}
				return true, nil
			})
		}
	})
}

// keepShare is for a scenario whose pods stay.
func (s *scenario) keepShare() {
	if s.share != nil {
		s.share.Keep()
	}
}
