package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	"github.com/traderadmin/charts/internal/helm"
)

// releases are what a scenario installed, by namespace (its name in the cluster) and name: the newest revision of each.
type releases map[[2]string]*helm.Release

func (r *releases) note(newest *helm.Release) {
	if newest == nil {
		return
	}
	if *r == nil {
		*r = releases{}
	}
	(*r)[[2]string{newest.Namespace, newest.Name}] = newest
}

// uninstallElsewhere uninstalls the releases of which some object is in a namespace that is not the scenario's, and so would outlive those.
func (s *scenario) uninstallElsewhere(ctx context.Context) error {
	var failed []error
	for _, installed := range s.releases {
		if !s.reachesElsewhere(installed) {
			continue
		}
		namespace := func(string) string { return installed.Namespace }
		scope := helm.Scope{Namespace: namespace}
		_, err := s.suite.helm.Run(ctx, scope, "uninstall", installed.Name, "--no-hooks")
		if err != nil && !errors.Is(err, helm.ErrReleaseNotFound) {
			failed = append(failed, fmt.Errorf("take away what this scenario installed: %w", err))
		}
	}
	return errors.Join(failed...)
}

func (s *scenario) reachesElsewhere(installed *helm.Release) bool {
	own := s.namespaces.all()
	return slices.ContainsFunc(objects(installed), func(object *unstructured.Unstructured) bool {
		return object.GetNamespace() != "" && !slices.Contains(own, object.GetNamespace())
	})
}

func (s *Suite) mapping(object *unstructured.Unstructured) (*meta.RESTMapping, error) {
	kind := object.GroupVersionKind()
	return s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
}

// live returns the object of a release as the cluster holds it.
func (s *Suite) live(ctx context.Context, rendered *unstructured.Unstructured, namespace string) (*unstructured.Unstructured, error) {
	mapping, err := s.mapping(rendered)
	if err != nil {
		return nil, err
	}
	var kind dynamic.ResourceInterface = s.objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if own := rendered.GetNamespace(); own != "" {
			namespace = own
		}
		kind = s.objects.Resource(mapping.Resource).Namespace(namespace)
	}
	return kind.Get(ctx, rendered.GetName(), metav1.GetOptions{})
}

// objects are what a release's manifest says, as far as it can be read.
func objects(of *helm.Release) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(of.Manifest), 4096); ; {
		object := &unstructured.Unstructured{}
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err == nil && object.GetKind() != "" {
			found = append(found, object)
		}
	}
}
