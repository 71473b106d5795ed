package steps

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/ownership"
	"github.com/traderadmin/charts/internal/room"
)

// newRoom is what the nodes have for the pods of scenarios, or nil where these need not share it: where nodes are simulated, as large as the user says, or scenarios run one after
// another.
func newRoom(cluster kubernetes.Interface, run string, options Options) *room.Room {
	if !options.Containers || options.Only != "" {
		return nil
	}
	return room.OfNodes(cluster, labels.SelectorFromSet(labels.Set{ownership.Label: run}))
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

// giveBackRoom gives the scenario's room to others once its pods, which are being deleted, are gone. It does not wait for that.
func (s *scenario) giveBackRoom() {
	if s.share == nil {
		return
	}
	go func() {
		defer s.share.Return()
		pods := s.world.objects.Resource(corev1.SchemeGroupVersion.WithResource("pods"))
		for _, namespace := range s.namespaces.all() {
			// Where it fails, others come too early, and the scheduler has them wait.
			_ = s.awaitObjects(context.Background(), pods.Namespace(namespace), metav1.ListOptions{}, func(left []*unstructured.Unstructured) (bool, error) {
				if len(left) > 0 {
					return false, fmt.Errorf("%d pods are left", len(left))
				}
				return true, nil
			})
		}
	}()
}

// keepRoom is for a scenario whose pods stay.
func (s *scenario) keepRoom() {
	if s.share != nil {
		s.share.Keep()
	}
}
