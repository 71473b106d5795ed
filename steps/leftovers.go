package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/traderadmin/charts/internal/helm"
)

// leftoverSteps are the steps about objects that should be gone.
type leftoverSteps struct {
	*view
	helm *helmRunner
}

func (s leftoverSteps) rows() []Step {
	return []Step{
		{
			Phrase: `nothing of release "NAME" is left[ in namespace "NAMESPACE"]`, Method: s.nothingOfRelease,
			Does: "Checks that neither a record of the release is left, nor an object that its newest revision rendered, " +
				"including hooks, nor a pod of its workloads. It waits for objects that are being deleted.",
			Example: `
When I run helm install shop ./shop
And I run helm uninstall with
Then nothing of release "shop" is left`,
		},
		{
			Phrase: `nothing of release "NAME" is left but[ in namespace "NAMESPACE"]`, Method: s.nothingOfReleaseBut,
			Columns: []string{"kind", "name"},
			Does: "Does the same, except for these objects, which must still exist, such as those with the annotation " +
				"`helm.sh/resource-policy: keep`.",
			Example: `
When I run helm install shop ./shop --set serviceAccount.annotations.helm\\.sh/resource-policy=keep
And I run helm uninstall with
Then nothing of release "shop" is left but
  | kind           | name |
  | ServiceAccount | shop |`,
		},
		{
			Phrase: `nothing is left in namespace "NAMESPACE"`, Method: s.nothingInNamespace,
			Does: "Checks that the namespace contains no object of any kind, except events and the objects that Kubernetes " +
				"creates in every namespace. It waits for objects that are being deleted, and for those that belong to one.",
			Example: `
When I run helm install shop ./shop
And I run helm uninstall with
Then nothing is left in namespace "shop"`,
		},
		{
			Phrase: `nothing is left in namespace "NAMESPACE" but`, Method: s.nothingInNamespaceBut,
			Columns: []string{"kind", "name"},
			Does:    "Does the same, except for these objects, which must still exist.",
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

// expected returns the objects of a table, which must exist and stay. An object that is being deleted only exists until
// its finalizers are done, such as that of a volume which a pod uses.
func (s leftoverSteps) expected(ctx context.Context, namespace string, table *godog.Table) ([]objectID, error) {
	if table == nil {
		return nil, nil
	}
	var all []objectID
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
			return nil, fmt.Errorf("%s is being deleted: it only exists until its finalizers %q are done",
				subject, object.GetFinalizers())
		}
		all = append(all, objectID{subject.mapping.Resource.GroupResource(), row["name"]})
	}
	return all, nil
}

func (s leftoverSteps) nothingOfRelease(ctx context.Context, name, namespace string) error {
	return s.nothingOfReleaseBut(ctx, name, namespace, nil)
}

func (s leftoverSteps) nothingOfReleaseBut(ctx context.Context, name, namespace string, table *godog.Table) error {
	installed := s.helm.releases[releaseID{s.inCluster(namespace), name}]
	if installed == nil {
		return fmt.Errorf("this scenario did not install a release %q in namespace %q", name, s.named(namespace))
	}
	expected, err := s.expected(ctx, namespace, table)
	if err != nil {
		return err
	}
	switch revisions, err := s.helm.query(ctx, namespace, "history", name); {
	case err == nil:
		newest := revisions.Releases[len(revisions.Releases)-1]
		return fmt.Errorf("the history of release %q is left: revision %d is %s", name, newest.Revision, newest.Status)
	case !errors.Is(err, helm.ErrReleaseNotFound):
		return err
	}
	rendered := objects(installed.Manifest)
	for _, hook := range installed.Hooks {
		rendered = append(rendered, objects(hook.Manifest)...)
	}
	var left []error
	for _, object := range rendered {
		left = append(left, s.goneOrExpected(ctx, object, installed.Namespace, expected))
	}
	return errors.Join(left...)
}

// goneOrExpected waits until an object of a release is gone, with its pods, unless it is expected to stay.
func (s leftoverSteps) goneOrExpected(
	ctx context.Context, object *unstructured.Unstructured, namespace string, expected []objectID,
) error {
	mapping, err := s.resources.mapping(object)
	if meta.IsNoMatchError(err) {
		return nil // it was deleted with the CRD of its kind
	}
	if err != nil {
		return err
	}
	if slices.Contains(expected, objectID{mapping.Resource.GroupResource(), object.GetName()}) {
		return nil
	}
	if own := object.GetNamespace(); own != "" {
		namespace = own
	}
	if err := s.object(ctx, s.resources.in(mapping, namespace), object.GetName(), gone); err != nil {
		return about{fmt.Sprintf("%s %q is left", object.GetKind(), object.GetName()), err}
	}
	return s.podsGone(ctx, object, namespace)
}

// podsGone waits until the pods of a workload are gone.
func (s leftoverSteps) podsGone(ctx context.Context, workload *unstructured.Unstructured, namespace string) error {
	_, makesPods, _ := unstructured.NestedMap(workload.Object, "spec", "template", "spec")
	labels, selects, _ := unstructured.NestedStringMap(workload.Object, "spec", "selector", "matchLabels")
	if !makesPods || !selects {
		return nil
	}
	pods := s.resources.dynamic.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(namespace)
	selected := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})}
	return s.objects(ctx, pods, selected, func(left []*unstructured.Unstructured) mismatch {
		if len(left) == 0 {
			return met
		}
		return pending(fmt.Errorf("pods of %s %q are left: %s",
			workload.GetKind(), workload.GetName(), listed(namesOf(left))))
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

func (s leftoverSteps) nothingInNamespace(ctx context.Context, namespace string) error {
	return s.nothingInNamespaceBut(ctx, namespace, nil)
}

func (s leftoverSteps) nothingInNamespaceBut(ctx context.Context, namespace string, table *godog.Table) error {
	expected, err := s.expected(ctx, namespace, table)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	for { // the deletion of one object may create others
		left, err := s.resources.contents(ctx, s.inCluster(namespace))
		if err != nil {
			return fmt.Errorf("list what is left in namespace %q: %w", namespace, err)
		}
		left = slices.DeleteFunc(left, func(c content) bool { return slices.Contains(expected, c.objectID) })
		if len(left) == 0 {
			return nil
		}
		var stays []error
		for _, c := range left {
			stays = append(stays, s.contentGone(ctx, c, namespace))
		}
		if err := errors.Join(stays...); err != nil {
			return err
		}
	}
}

// contentGone waits until an object of a namespace is gone. One that neither is being deleted nor has an owner stays.
func (s leftoverSteps) contentGone(ctx context.Context, left content, namespace string) error {
	client := s.resources.in(left.mapping, left.object.GetNamespace())
	err := s.object(ctx, client, left.name, func(object *unstructured.Unstructured) mismatch {
		missing := gone(object)
		if missing.error != nil && len(object.GetOwnerReferences()) > 0 {
			missing.final = false // it is deleted after its owner
		}
		return missing
	})
	kind := left.mapping.GroupVersionKind.Kind
	return aboutIf(fmt.Sprintf("%s %q is left in namespace %q", kind, left.name, namespace), err)
}
