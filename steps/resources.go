package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/traderadmin/charts/internal/suggest"
)

// resources gives access to objects of every kind that the cluster serves. It is safe for concurrent use.
type resources struct {
	dynamic   dynamic.Interface
	mapper    meta.RESTMapper
	discovery discovery.CachedDiscoveryInterface
}

// mapping returns the resource of an object's kind.
func (r *resources) mapping(object *unstructured.Unstructured) (*meta.RESTMapping, error) {
	kind := object.GroupVersionKind()
	return r.mapper.RESTMapping(kind.GroupKind(), kind.Version)
}

// in returns a client for the objects of a resource: those in a namespace, or all if they are cluster-scoped.
func (r *resources) in(mapping *meta.RESTMapping, namespace string) dynamic.ResourceInterface {
	if namespaced(mapping) {
		return r.dynamic.Resource(mapping.Resource).Namespace(namespace)
	}
	return r.dynamic.Resource(mapping.Resource)
}

func namespaced(mapping *meta.RESTMapping) bool {
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

// live returns the object of a release as it is in the cluster. An object that names no namespace is in the given one.
func (r *resources) live(
	ctx context.Context, rendered *unstructured.Unstructured, namespace string,
) (*unstructured.Unstructured, error) {
	mapping, err := r.mapping(rendered)
	if err != nil {
		return nil, err
	}
	if own := rendered.GetNamespace(); own != "" {
		namespace = own
	}
	return r.in(mapping, namespace).Get(ctx, rendered.GetName(), metav1.GetOptions{})
}

// find returns the resource of a kind as kubectl takes it: deployment, Deployments, deploy or deployments.apps.
func (r *resources) find(kind string) (*meta.RESTMapping, error) {
	expander := restmapper.NewShortcutExpander(r.mapper, r.discovery, nil)
	full, grouped := schema.ParseResourceArg(strings.ToLower(kind))
	candidates := []schema.GroupVersionResource{grouped.WithVersion("")}
	if full != nil {
		candidates = append(candidates, *full)
	}
	for _, candidate := range candidates {
		if found, err := expander.KindFor(candidate); err == nil {
			return r.mapper.RESTMapping(found.GroupKind(), found.Version)
		}
	}
	return nil, fmt.Errorf("unknown kind %q%s", kind, suggest.For(strings.ToLower(kind), r.names()))
}

// names returns all names that the cluster has for kinds, as far as it answers.
func (r *resources) names() []string {
	lists, _ := r.discovery.ServerPreferredResources() // an aggregated API may be down
	var all []string
	for _, list := range lists {
		for _, resource := range list.APIResources {
			all = append(append(all, resource.SingularName, resource.Name), resource.ShortNames...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// objectID identifies an object within its namespace.
type objectID struct {
	resource schema.GroupResource
	name     string
}

// content is an object in a namespace.
type content struct {
	objectID
	mapping *meta.RESTMapping
	object  *unstructured.Unstructured
}

var (
	// transientKinds come and go without anybody's doing. Endpoints outlive their Service by some seconds.
	transientKinds = []string{"Event", "Endpoints"}

	// inEveryNamespace are the objects that Kubernetes creates in every namespace.
	inEveryNamespace = []objectID{
		{schema.GroupResource{Resource: "configmaps"}, "kube-root-ca.crt"},
		{schema.GroupResource{Resource: "serviceaccounts"}, "default"},
	}
)

// contents returns all objects of a namespace, sorted by kind and name, except those that Kubernetes creates in every
// namespace, and events.
func (r *resources) contents(ctx context.Context, namespace string) ([]content, error) {
	lists, err := r.discovery.ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	lists = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch", "delete"}}, lists)
	kinds, err := discovery.GroupVersionResources(lists)
	if err != nil {
		return nil, err
	}
	found := make(chan []content, len(kinds))
	var requests errgroup.Group
	requests.SetLimit(8)
	for kind := range kinds {
		requests.Go(func() error {
			objects, err := r.contentsOfKind(ctx, kind, namespace)
			found <- objects
			return err
		})
	}
	err = requests.Wait()
	close(found)
	var all []content
	for objects := range found {
		all = append(all, objects...)
	}
	slices.SortFunc(all, func(a, b content) int {
		return strings.Compare(a.resource.String()+"/"+a.name, b.resource.String()+"/"+b.name)
	})
	return all, err
}

func (r *resources) contentsOfKind(
	ctx context.Context, resource schema.GroupVersionResource, namespace string,
) ([]content, error) {
	kind, err := r.mapper.KindFor(resource)
	if meta.IsNoMatchError(err) {
		return nil, nil // its CRD was deleted
	}
	if err != nil {
		return nil, err
	}
	mapping, err := r.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil || !namespaced(mapping) || slices.Contains(transientKinds, kind.Kind) {
		return nil, err
	}
	list, err := r.in(mapping, namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil // its CRD was deleted since discovery
	}
	if err != nil {
		return nil, err
	}
	var all []content
	for i := range list.Items {
		id := objectID{resource.GroupResource(), list.Items[i].GetName()}
		if !slices.Contains(inEveryNamespace, id) {
			all = append(all, content{id, mapping, &list.Items[i]})
		}
	}
	return all, nil
}
