package ownership

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// sweep takes away what dead runs left, all over the cluster.
func (r *Run) sweep(ctx context.Context) error {
	left, err := r.cluster.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: Label})
	if err != nil {
		return fmt.Errorf("look for what dead runs left: %w", err)
	}
	runs := map[string]bool{}
	for _, namespace := range left.Items {
		if run := namespace.Labels[Label]; run != r.id && namespace.DeletionTimestamp == nil {
			runs[run] = true
		}
	}
	return r.sweepDead(ctx, runs, nil)
}

// sweepNamespace takes away what dead runs left in the one namespace for all. It fails when a living run uses it.
func (r *Run) sweepNamespace(ctx context.Context) error {
	leases, err := r.cluster.CoordinationV1().Leases(r.options.Namespace).List(ctx, metav1.ListOptions{LabelSelector: Label})
	if err != nil {
		return fmt.Errorf("look for what dead runs left in the namespace %s: %w", r.options.Namespace, err)
	}
	runs := map[string]bool{}
	for _, lease := range leases.Items {
		runs[lease.Labels[Label]] = true
	}
	return r.sweepDead(ctx, runs, func(run, holder string) error {
		return fmt.Errorf("another run goes on in the namespace %s: %s, %s. Wait until it is done, or give this one another namespace", r.options.Namespace, run, holder)
	})
}

// sweepDead watches the Leases of runs for as long as the dead need to be known, and takes away what these left. For each that lives it asks alive, where
// that is given.
func (r *Run) sweepDead(ctx context.Context, runs map[string]bool, alive func(run, holder string) error) error {
	if len(runs) == 0 {
		return nil
	}
	before := map[string]string{}
	for run := range runs {
		version, _, err := r.lease(ctx, run)
		if err != nil {
			return err
		}
		before[run] = version
	}
	fmt.Fprintf(r.options.Progress, "found what other runs made; in %s it is known whether they go on\n", r.options.Patience)
	select {
	case <-time.After(r.options.Patience): // what is watched for is that nothing happens
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var failed []error
	for run := range runs {
		version, holder, err := r.lease(ctx, run)
		switch {
		case err != nil:
			failed = append(failed, err)
		case version != before[run]:
			if alive != nil && version != "" {
				failed = append(failed, alive(run, holder))
			}
		default:
			fmt.Fprintf(r.options.Progress, "taking away what a run left that is dead: %s\n", strings.TrimSuffix(run+", "+holder, ", "))
			failed = append(failed, r.takeAway(ctx, run), r.dropLease(ctx, run))
		}
	}
	return errors.Join(failed...)
}

// lease returns the version of a run's Lease, which changes when it is renewed, and who holds it; "" where there is none.
func (r *Run) lease(ctx context.Context, run string) (version, holder string, err error) {
	lease, err := r.cluster.CoordinationV1().Leases(r.leaseNamespace(run)).Get(ctx, leaseName(run), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", "", nil
	case err != nil:
		return "", "", fmt.Errorf("read the Lease of the run %s: %w", run, err)
	case lease.Spec.HolderIdentity != nil:
		holder = *lease.Spec.HolderIdentity
	}
	return lease.ResourceVersion, holder, nil
}

// takeAway deletes what a run made, except for its Lease. Where the run made namespaces, these and all else outside of namespaces that has its label go.
func (r *Run) takeAway(ctx context.Context, run string) error {
	if r.options.Namespace != "" {
		return r.options.TakeAway(ctx, run)
	}
	return DeleteEach(ctx, r.cluster.Discovery(), r.objects, "", run, func(kind schema.GroupVersionResource, object *unstructured.Unstructured) error {
		if kind.Resource == "namespaces" && object.GetName() == leaseName(run) {
			return nil
		}
		return r.objects.Resource(kind).Delete(ctx, object.GetName(), metav1.DeleteOptions{})
	})
}

// DeleteEach has remove delete each object with the label of a run, in a namespace or, where that is "", outside of all. One that is gone already is no error, nor is a
// kind that may not be listed: the run made none of it either.
func DeleteEach(
	ctx context.Context, cluster discovery.DiscoveryInterface, objects dynamic.Interface, namespace, run string,
	remove func(schema.GroupVersionResource, *unstructured.Unstructured) error,
) error {
	kinds, err := deletable(cluster, namespace != "")
	if err != nil {
		return err
	}
	var failed []error
	for _, kind := range kinds {
		found, err := objects.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: Label + "=" + run})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("look for %s of the run %s: %w", kind.Resource, run, err))
			continue
		}
		for _, object := range found.Items {
			if err := remove(kind, &object); err != nil && !apierrors.IsNotFound(err) {
				failed = append(failed, fmt.Errorf("delete %s/%s of the run %s: %w", kind.Resource, object.GetName(), run, err))
			}
		}
	}
	return errors.Join(failed...)
}

// deletable are the kinds of objects that can be listed and deleted, in namespaces or outside of them.
func deletable(cluster discovery.DiscoveryInterface, namespaced bool) ([]schema.GroupVersionResource, error) {
	lists, err := cluster.ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) { // an aggregated API that is down hides its own kinds only
		return nil, fmt.Errorf("ask the cluster for its kinds: %w", err)
	}
	var kinds []schema.GroupVersionResource
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if resource.Namespaced == namespaced {
				kinds = append(kinds, version.WithResource(resource.Name))
			}
		}
	}
	return kinds, nil
}

// awaitGone returns when no namespace of the run is left. What keeps one is said.
func (r *Run) awaitGone(ctx context.Context, run string) error {
	if r.options.Namespace != "" {
		return nil
	}
	ofRun := cache.NewFilteredListWatchFromClient(r.cluster.CoreV1().RESTClient(), "namespaces", "", func(options *metav1.ListOptions) {
		options.LabelSelector = Label + "=" + run
	})
	left := map[string]string{}
	none := func(store cache.Store) (bool, error) {
		for _, object := range store.List() {
			left[object.(*corev1.Namespace).Name] = keeps(object.(*corev1.Namespace))
		}
		return len(left) == 0, nil
	}
	_, err := watchtools.UntilWithSync(ctx, ofRun, &corev1.Namespace{}, none, func(event watch.Event) (bool, error) {
		namespace := event.Object.(*corev1.Namespace)
		if event.Type == watch.Deleted {
			delete(left, namespace.Name)
		} else {
			left[namespace.Name] = keeps(namespace)
		}
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("waited for the namespaces of the run %s to be gone: %v", run, left)
	}
	return nil
}

// keeps is what keeps a namespace that is being deleted.
func keeps(namespace *corev1.Namespace) string {
	for _, condition := range namespace.Status.Conditions {
		if condition.Status == corev1.ConditionTrue {
			return condition.Message
		}
	}
	return "it is being deleted"
}
