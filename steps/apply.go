package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/cucumber/godog"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	"github.com/traderadmin/charts/steps/internal/ownership"
)

func (s *scenario) applySteps() []Step {
	return []Step{
		{
			Phrase: `the objects[ in namespace "NAMESPACE"]`, Method: s.applyObjects, Text: "YAML, one or several documents",
			Does: "Applies Kubernetes objects, as `kubectl apply --server-side --force-conflicts` does: a field that Helm wrote can be changed. One that names no namespace goes into " +
				"the suite's own, or that of the step. A ResourceQuota is in force afterwards. An object outside of namespaces is deleted at the scenario's end; two scenarios that make " +
				"the same one need the tag " + Serial + ".",
			Example: `
Given the objects
  """
  apiVersion: v1
  kind: ResourceQuota
  metadata:
    name: small
  spec:
    hard:
      count/deployments.apps: "1"
  """
When I run helm install shop ./shop
And I try helm install other-shop ./shop
Then it fails with "exceeded quota: small"`,
		},
	}
}

// fieldManager owns the fields of objects that a scenario applies.
const fieldManager = "scenario"

// applyObjects applies every document of text.
func (s *scenario) applyObjects(ctx context.Context, namespace string, text *godog.DocString) error {
	found := 0
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text.Content), 4096); ; {
		object := &unstructured.Unstructured{}
		err := documents.Decode(&object.Object)
		switch {
		case errors.Is(err, io.EOF) && found == 0:
			return errors.New("the doc string has no object in it")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("document %d of the doc string is no YAML: %w", found+1, err)
		case len(object.Object) == 0:
			continue // nothing between two separators
		}
		found++
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return fmt.Errorf("document %d of the doc string needs apiVersion, kind and metadata.name to be an object", found)
		}
		if err := s.apply(ctx, namespace, object); err != nil {
			return fmt.Errorf("apply %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func (s *scenario) apply(ctx context.Context, namespace string, object *unstructured.Unstructured) error {
	mapping, err := s.suite.mapping(object)
	if err != nil {
		return err
	}
	if object.GetKind() == "Namespace" {
		return errors.New("write `a namespace \"…\"`: it makes one that no other scenario sees")
	}
	kind := s.suite.objects.Resource(mapping.Resource)
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[ownership.Label] = s.suite.run
	object.SetLabels(labels)
	var client dynamic.ResourceInterface = kind
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if own := object.GetNamespace(); own != "" {
			namespace = own
		}
		if err := s.ensureNamespace(ctx, s.named(namespace)); err != nil {
			return err
		}
		object.SetNamespace(s.real(namespace))
		client = kind.Namespace(s.real(namespace))
	}
	if err := s.prepare(ctx, []*unstructured.Unstructured{object}); err != nil {
		return err
	}
	if _, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldManager, Force: true}); err != nil {
		return err
	}
	if object.GetKind() != "ResourceQuota" {
		return nil
	}
	return s.awaitObject(ctx, client, object.GetName(), inForce)
}

// inForce holds once the controller has counted what a ResourceQuota limits. Until then the API server refuses all that the quota is about.
func inForce(quota *unstructured.Unstructured) (bool, error) {
	if quota == nil {
		return true, errors.New("it was deleted")
	}
	wanted, _, _ := unstructured.NestedMap(quota.Object, "spec", "hard")
	counted, _, _ := unstructured.NestedMap(quota.Object, "status", "hard")
	if !maps.Equal(wanted, counted) {
		return false, fmt.Errorf("the controller has counted %v of %v", counted, wanted)
	}
	return true, nil
}

// named is the namespace that a scenario means, which names it or not.
func (s *scenario) named(namespace string) string {
	if namespace == "" {
		return s.suite.options.Namespace
	}
	return namespace
}

// real is what the cluster calls the namespace that a scenario means.
func (s *scenario) real(namespace string) string { return s.namespaces.real(s.named(namespace)) }
