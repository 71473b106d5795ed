package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/traderadmin/charts/internal/helm"
)

func (s *scenario) leftSteps() []Step {
	return []Step{
		{
			Phrase: `nothing of release "NAME" is left[ in namespace "NAMESPACE"]`, Method: s.nothingOfRelease,
			Does: "Wants neither a record of the release, nor an object that its newest revision rendered, hooks included, nor a pod of its workloads. What is being deleted is waited for.",
			Example: `
When I run helm install shop ./shop
And I run helm uninstall with
Then nothing of release "shop" is left`,
		},
		{
			Phrase: `nothing of release "NAME" is left but[ in namespace "NAMESPACE"]`, Method: s.nothingOfReleaseBut, Columns: []string{"kind", "name"},
			Does: "The same, but these objects, which must be there still: those with the annotation `helm.sh/resource-policy: keep`.",
			Example: `
When I run helm install shop ./shop --set serviceAccount.annotations.helm\\.sh/resource-policy=keep
And I run helm uninstall with
Then nothing of release "shop" is left but
  | kind           | name |
  | ServiceAccount | shop |`,
		},
		{
			Phrase: `nothing is left in namespace "NAMESPACE"`, Method: s.nothingInNamespace,
			Does: "Wants the namespace to be empty, of objects of every kind; what Kubernetes puts into each namespace does not count, nor do events. What is being deleted, or belongs to " +
				"what was, is waited for.",
			Example: `
When I run helm install shop ./shop
And I run helm uninstall with
Then nothing is left in namespace "shop"`,
		},
		{
			Phrase: `nothing is left in namespace "NAMESPACE" but`, Method: s.nothingInNamespaceBut, Columns: []string{"kind", "name"},
			Does: "The same, but these objects, which must be there still.",
			Example: `
Given the objects
  """
  {apiVersion: v1, kind: ConfigMap, metadata: {name: mine}}
  """
When I run helm install shop ./shop
And I run helm uninstall with
Then nothing is left in namespace "shop" but
  | kind | name |
  | cm   | mine |`,
		},
	}
}

// place is where an object is, within its namespace.
type place struct {
	resource schema.GroupResource
	name     string
}

// kept are the objects of a table that should be there still, and stay: one that is being deleted is there only until whoever holds it, such as a pod that uses a volume, lets go.
func (s *scenario) kept(ctx context.Context, namespace string, table *godog.Table) ([]place, error) {
	if table == nil {
		return nil, nil
	}
	var all []place
	for _, row := range records(table) {
		subject, err := s.subject(row["kind"], row["name"], namespace)
		if err != nil {
			return nil, err
		}
		object, err := subject.get(ctx)
		if err != nil {
			return nil, err
		}
		if object.GetDeletionTimestamp() != nil {
			return nil, fmt.Errorf("%s %q in namespace %q is being deleted, and goes once its finalizers %q are done", subject.kind, subject.name, subject.namespace, object.GetFinalizers())
		}
		all = append(all, place{subject.mapping.Resource.GroupResource(), row["name"]})
	}
	return all, nil
}

func (s *scenario) nothingOfRelease(ctx context.Context, name, namespace string) error {
	return s.nothingOfReleaseBut(ctx, name, namespace, nil)
}

func (s *scenario) nothingOfReleaseBut(ctx context.Context, name, namespace string, table *godog.Table) error {
	installed := s.releases[[2]string{s.real(namespace), name}]
	if installed == nil {
		return fmt.Errorf("this scenario installed no release %q in namespace %q, so that nothing of it could be left", name, s.named(namespace))
	}
	kept, err := s.kept(ctx, namespace, table)
	if err != nil {
		return err
	}
	switch revisions, err := s.ask(ctx, namespace, "history", name); {
	case err == nil:
		newest := revisions.Releases[len(revisions.Releases)-1]
		return fmt.Errorf("the history of release %q is left: revision %d is %s", name, newest.Revision, newest.Status)
	case !errors.Is(err, helm.ErrReleaseNotFound):
		return err
	}
	var left []error
	for _, object := range rendered(installed) {
		left = append(left, s.goneOrKept(ctx, object, installed.Namespace, kept))
	}
	return errors.Join(left...)
}

// rendered is all that a release consists of, hooks included.
func rendered(of *helm.Release) []*unstructured.Unstructured {
	all := objects(of)
	for _, hook := range of.Hooks {
		all = append(all, objects(&helm.Release{Manifest: hook.Manifest})...)
	}
	return all
}

func (s *scenario) goneOrKept(ctx context.Context, object *unstructured.Unstructured, namespace string, kept []place) error {
	mapping, err := s.suite.mapping(object)
	if meta.IsNoMatchError(err) {
		return nil // its kind is gone with its definition
	}
	if err != nil {
		return err
	}
	if slices.Contains(kept, place{mapping.Resource.GroupResource(), object.GetName()}) {
		return nil
	}
	if own := object.GetNamespace(); own != "" {
		namespace = own
	}
	client := s.suite.client(mapping, namespace)
	if err := s.awaitObject(ctx, client, object.GetName(), gone); err != nil {
		return about{fmt.Sprintf("%s %q is left", object.GetKind(), object.GetName()), err}
	}
	return s.podsGone(ctx, object, namespace)
}

// podsGone waits until the pods are gone that a workload made.
func (s *scenario) podsGone(ctx context.Context, workload *unstructured.Unstructured, namespace string) error {
	_, makesPods, _ := unstructured.NestedMap(workload.Object, "spec", "template", "spec")
	labels, selects, _ := unstructured.NestedStringMap(workload.Object, "spec", "selector", "matchLabels")
	if !makesPods || !selects {
		return nil
	}
	pods := s.suite.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(namespace)
	selected := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})}
	return s.awaitObjects(ctx, pods, selected, func(left []*unstructured.Unstructured) (bool, error) {
		if len(left) == 0 {
			return true, nil
		}
		return false, fmt.Errorf("pods of %s %q are left: %s", workload.GetKind(), workload.GetName(), listed(namesOf(left)))
	})
}

func namesOf(objects []*unstructured.Unstructured) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.GetName())
	}
	slices.Sort(names)
	return names
}

func (s *scenario) nothingInNamespace(ctx context.Context, namespace string) error {
	return s.nothingInNamespaceBut(ctx, namespace, nil)
}

func (s *scenario) nothingInNamespaceBut(ctx context.Context, namespace string, table *godog.Table) error {
	kept, err := s.kept(ctx, namespace, table)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.suite.options.Wait)
	defer cancel()
	for { // as long as what goes uncovers more
		left, err := s.suite.contents(ctx, s.real(namespace))
		if err != nil {
			return fmt.Errorf("look what is left in namespace %q: %w", namespace, err)
		}
		left = slices.DeleteFunc(left, func(l leftover) bool { return slices.Contains(kept, l.place) })
		if len(left) == 0 {
			return nil
		}
		var stays []error
		for _, l := range left {
			stays = append(stays, s.goes(ctx, l, namespace))
		}
		if err := errors.Join(stays...); err != nil {
			return err
		}
	}
}

// leftover is an object in a namespace.
type leftover struct {
	place
	mapping *meta.RESTMapping
	object  *unstructured.Unstructured
}

// contents are all objects of a namespace but those that Kubernetes puts into each.
func (s *Suite) contents(ctx context.Context, namespace string) ([]leftover, error) {
	kinds, err := s.discovery.ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	kinds = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch", "delete"}}, kinds)
	resources, err := discovery.GroupVersionResources(kinds)
	if err != nil {
		return nil, err
	}
	found := make(chan []leftover, len(resources))
	var asked errgroup.Group
	asked.SetLimit(8)
	for resource := range resources {
		asked.Go(func() error {
			some, err := s.ofKind(ctx, resource, namespace)
			found <- some
			return err
		})
	}
	err = asked.Wait()
	close(found)
	var all []leftover
	for some := range found {
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b leftover) int {
		return strings.Compare(a.resource.String()+"/"+a.name, b.resource.String()+"/"+b.name)
	})
	return all, err
}

func (s *Suite) ofKind(ctx context.Context, resource schema.GroupVersionResource, namespace string) ([]leftover, error) {
	kind, err := s.mapper.KindFor(resource)
	if meta.IsNoMatchError(err) {
		return nil, nil // its CRD has gone
	}
	if err != nil {
		return nil, err
	}
	mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil || mapping.Scope.Name() != meta.RESTScopeNameNamespace || slices.Contains(notContents, kind.Kind) {
		return nil, err
	}
	list, err := s.client(mapping, namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil // its CRD has gone since the API server was asked which kinds there are
	}
	if err != nil {
		return nil, err
	}
	var all []leftover
	for i := range list.Items {
		at := place{resource.GroupResource(), list.Items[i].GetName()}
		if !slices.Contains(inEveryNamespace, at) {
			all = append(all, leftover{at, mapping, &list.Items[i]})
		}
	}
	return all, nil
}

// notContents are kinds that come and go without anybody who cares: Endpoints are there as long as their Service, and some seconds more.
var notContents = []string{"Event", "Endpoints"}

// inEveryNamespace are the objects that Kubernetes puts there.
var inEveryNamespace = []place{
	{schema.GroupResource{Resource: "configmaps"}, "kube-root-ca.crt"},
	{schema.GroupResource{Resource: "serviceaccounts"}, "default"},
}

// goes waits until a leftover is gone. One that is not being deleted, and belongs to nothing that may be, stays.
func (s *scenario) goes(ctx context.Context, left leftover, namespace string) error {
	client := s.suite.client(left.mapping, left.object.GetNamespace())
	err := s.awaitObject(ctx, client, left.name, func(object *unstructured.Unstructured) (bool, error) {
		settled, err := gone(object)
		if err != nil && len(object.GetOwnerReferences()) > 0 {
			settled = false // it is taken away after its owner
		}
		return settled, err
	})
	if err != nil {
		return about{fmt.Sprintf("%s %q is left in namespace %q", left.mapping.GroupVersionKind.Kind, left.name, namespace), err}
	}
	return nil
}
