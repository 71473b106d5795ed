package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/traderadmin/charts/steps/internal/capacity"
	"github.com/traderadmin/charts/steps/internal/standin"
)

// sender prepares the objects that a scenario sends, with Helm or by itself.
type sender struct {
	*view
	images *standin.Images // nil if the nodes pull all images
	share  *capacity.Share // of the nodes' capacity; nil if scenarios need not share it
	shared *sharedObjects
}

// fieldManager owns the fields of the objects that a scenario applies.
const fieldManager = "scenario"

// applyDocuments applies all objects of YAML documents.
func (s *sender) applyDocuments(ctx context.Context, namespace, text string) error {
	found := 0
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		object := &unstructured.Unstructured{}
		err := documents.Decode(&object.Object)
		switch {
		case errors.Is(err, io.EOF) && found == 0:
			return errors.New("the doc string contains no object")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("document %d of the doc string is not valid YAML: %w", found+1, err)
		case len(object.Object) == 0:
			continue // an empty document
		}
		found++
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return fmt.Errorf("document %d of the doc string lacks apiVersion, kind or metadata.name", found)
		}
		if err := s.apply(ctx, namespace, object); err != nil {
			return fmt.Errorf("apply %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

// apply applies an object on the server's side, into the given namespace unless it names one. It waits until a
// ResourceQuota is in force.
func (s *sender) apply(ctx context.Context, namespace string, object *unstructured.Unstructured) error {
	mapping, err := s.resources.mapping(object)
	if err != nil {
		return err
	}
	if object.GetKind() == "Namespace" {
		return errors.New("use the step `a namespace \"…\"`, which creates one that no other scenario uses")
	}
	addLabel(object, s.run)
	if own := object.GetNamespace(); own != "" {
		namespace = own
	}
	if namespaced(mapping) {
		if err := s.ensure(ctx, namespace); err != nil {
			return err
		}
		object.SetNamespace(s.inCluster(namespace))
	}
	if err := s.prepare(ctx, []*unstructured.Unstructured{object}); err != nil {
		return err
	}
	client := s.resources.in(mapping, object.GetNamespace())
	applied := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
	if _, err = client.Apply(ctx, object.GetName(), object, applied); err != nil {
		return err
	}
	if object.GetKind() != "ResourceQuota" {
		return nil
	}
	return s.object(ctx, client, object.GetName(), inForce)
}

func addLabel(object *unstructured.Unstructured, run string) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[RunLabel] = run
	object.SetLabels(labels)
}

// inForce holds when the controller has counted the resources that a ResourceQuota limits. Until then, the API server
// refuses to create any of them.
func inForce(quota *unstructured.Unstructured) mismatch {
	if quota == nil {
		return permanent(errors.New("it was deleted"))
	}
	hard, _, _ := unstructured.NestedMap(quota.Object, "spec", "hard")
	counted, _, _ := unstructured.NestedMap(quota.Object, "status", "hard")
	if !maps.Equal(hard, counted) {
		return pending(fmt.Errorf("the controller has counted %v of %v", counted, hard))
	}
	return met
}

// prepare labels the cluster-scoped objects that are about to be sent, gives the nodes the images of containers, and
// waits until the nodes have room for the pods. Namespaced objects are sent as they are: they are deleted with their
// namespace.
func (s *sender) prepare(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if isCustom(object.GroupVersionKind()) {
			s.operated.Store(true)
		}
		if object.GetNamespace() != "" {
			continue
		}
		addLabel(object, s.run)
		if object.GetKind() == "Namespace" && slices.Contains(s.all(), object.GetName()) {
			continue // it is deleted with the scenario's other namespaces
		}
		s.shared.add(s, sharedObject{object.GroupVersionKind(), object.GetName()})
	}
	if s.images != nil {
		if err := s.images.Prepare(ctx, objects); err != nil {
			return err
		}
	}
	if s.share == nil {
		return nil
	}
	if err := s.share.Reserve(ctx, objects); err != nil {
		return fmt.Errorf("wait until the nodes have room for the pods of this scenario: %w", err)
	}
	return nil
}

// isCustom reports whether a kind is neither one of Kubernetes nor a definition of one.
func isCustom(kind schema.GroupVersionKind) bool {
	return !scheme.Scheme.Recognizes(kind) && kind.Group != "apiextensions.k8s.io"
}

// newCapacity returns the nodes' capacity that scenarios share. It is nil if they need not: if nodes are simulated, if
// scenarios run one after another, and if their namespaces are retained.
func newCapacity(client kubernetes.Interface, run string, options Options) *capacity.Capacity {
	if !options.Containers || options.SingleNamespace != "" || options.RetainNamespaces > 0 {
		return nil
	}
	return capacity.OfNodes(client, labels.SelectorFromSet(labels.Set{RunLabel: run}))
}

// releaseShare gives the capacity back in the background, once the scenario's pods, which are being deleted, are gone.
// If waiting for them fails, another scenario may start too early, and the scheduler keeps its pods pending.
func (s *sender) releaseShare() {
	if s.share == nil {
		return
	}
	s.background.start(func(ctx context.Context) {
		defer s.share.Release()
		pods := s.resources.dynamic.Resource(corev1.SchemeGroupVersion.WithResource("pods"))
		for _, namespace := range s.all() {
			_ = s.objects(ctx, pods.Namespace(namespace), everything, func(left []*unstructured.Unstructured) mismatch {
				if len(left) > 0 {
					return pending(fmt.Errorf("%d pods are left", len(left)))
				}
				return met
			})
		}
	})
}

// keepShare is for a scenario whose pods stay.
func (s *sender) keepShare() {
	if s.share != nil {
		s.share.Keep()
	}
}
