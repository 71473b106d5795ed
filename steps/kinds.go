package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/traderadmin/charts/internal/suggest"
)

// subject is an object as a scenario names it. It need not be there.
type subject struct {
	kind, name, namespace string // as the scenario says
	mapping               *meta.RESTMapping
	client                dynamic.ResourceInterface
}

// subject finds where an object of a kind is, which is called as kubectl takes it: deployment, Deployments, deploy, deployments.apps.
func (s *scenario) subject(kind, name, namespace string) (*subject, error) {
	mapping, err := s.suite.kind(kind)
	if err != nil {
		return nil, err
	}
	found := &subject{kind: strings.ToLower(mapping.GroupVersionKind.Kind), name: name, namespace: s.named(namespace), mapping: mapping}
	found.client = s.suite.client(mapping, s.real(namespace))
	return found, nil
}

// client is for the objects of a kind, in a namespace if they are in one.
func (s *Suite) client(mapping *meta.RESTMapping, namespace string) dynamic.ResourceInterface {
	all := s.objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return all.Namespace(namespace)
	}
	return all
}

func (s *Suite) kind(called string) (*meta.RESTMapping, error) {
	short := restmapper.NewShortcutExpander(s.mapper, s.discovery, nil)
	full, grouped := schema.ParseResourceArg(strings.ToLower(called))
	candidates := []schema.GroupVersionResource{grouped.WithVersion("")}
	if full != nil {
		candidates = append(candidates, *full)
	}
	for _, candidate := range candidates {
		if kind, err := short.KindFor(candidate); err == nil {
			return s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		}
	}
	return nil, fmt.Errorf("the cluster knows no kind %q%s", called, suggest.For(strings.ToLower(called), s.kinds()))
}

// kinds are all names that the cluster has for kinds; none when it cannot be asked.
func (s *Suite) kinds() []string {
	lists, _ := s.discovery.ServerPreferredResources() // what an aggregated API does not answer is not there to be suggested
	var all []string
	for _, list := range lists {
		for _, resource := range list.APIResources {
			all = append(append(all, resource.SingularName, resource.Name), resource.ShortNames...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *subject) String() string {
	if s.mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return fmt.Sprintf("%s %q in namespace %q", s.kind, s.name, s.namespace)
	}
	return fmt.Sprintf("%s %q", s.kind, s.name)
}

// get returns the object, or an error that says what there is of its kind instead.
func (s *subject) get(ctx context.Context) (*unstructured.Unstructured, error) {
	object, err := s.client.Get(ctx, s.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, s.absent(ctx)
	}
	return object, err
}

// absent says what there is of the kind instead.
func (s *subject) absent(ctx context.Context) error {
	others, err := s.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(others.Items) == 0 {
		return fmt.Errorf("there is no %s, nor any other %s", s, s.kind)
	}
	var names []string
	for _, other := range others.Items {
		names = append(names, other.GetName())
	}
	return fmt.Errorf("there is no %s, only %s", s, strings.Join(names, ", "))
}
