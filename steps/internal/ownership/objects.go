package ownership

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// deleteObjects deletes the objects of a run, except for its Lease.
func (r *Run) deleteObjects(ctx context.Context, run string) error {
	deleteAll := r.options.DeleteObjects
	if r.options.Namespace == "" {
		deleteAll = r.deleteClusterScoped
	}
	err := deleteAll(ctx, run)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while deleting the objects of run %s: %w", context.Cause(ctx), run, err)
	}
	return err
}

// deleteClusterScoped deletes the cluster-scoped objects of a run, its namespaces among them, with everything in them.
func (r *Run) deleteClusterScoped(ctx context.Context, run string) error {
	remove := func(resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
		if resource.Resource == "namespaces" && object.GetName() == leaseName(run) {
			return nil
		}
		return r.objects.Resource(resource).Delete(ctx, object.GetName(), metav1.DeleteOptions{})
	}
	return DeleteEach(ctx, r.cluster.Discovery(), r.objects, "", run, remove)
}

// DeleteEach calls remove for each object with the label of a run, in a namespace or, if namespace is empty, of cluster
// scope. Resources that the user may not list are skipped. An object that remove does not find is no error.
func DeleteEach(
	ctx context.Context, cluster discovery.DiscoveryInterface, objects dynamic.Interface, namespace, run string,
	remove func(schema.GroupVersionResource, *unstructured.Unstructured) error,
) error {
	resources, err := deletable(ctx, cluster, namespace != "")
	if err != nil {
		return err
	}
	labelled := metav1.ListOptions{LabelSelector: Label + "=" + run}
	var errs []error
	for _, resource := range resources {
		found, err := objects.Resource(resource).Namespace(namespace).List(ctx, labelled)
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("list %s of run %s: %w", resource.Resource, run, err))
			continue
		}
		for _, object := range found.Items {
			if err := remove(resource, &object); err != nil && !apierrors.IsNotFound(err) {
				errs = append(errs, fmt.Errorf("delete %s/%s of run %s: %w", resource.Resource, object.GetName(), run, err))
			}
		}
	}
	return errors.Join(errs...)
}

// deletable returns the resources, namespaced or of cluster scope, that can be listed and deleted.
func deletable(
	ctx context.Context, cluster discovery.DiscoveryInterface, namespaced bool,
) ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ToDiscoveryInterfaceWithContext(cluster).ServerPreferredResourcesWithContext(ctx)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) { // an aggregated API that is down hides only its own
		return nil, fmt.Errorf("discover the API resources of the cluster: %w", err)
	}
	var resources []schema.GroupVersionResource
	verbs := discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}
	for _, list := range discovery.FilteredBy(verbs, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if resource.Namespaced == namespaced {
				resources = append(resources, version.WithResource(resource.Name))
			}
		}
	}
	return resources, nil
}

// awaitGone waits until no namespace of these runs is left. It reports namespaces that are held by finalizers once the
// wait has taken longer than a renewal of the Lease. When ctx ends first, the error names the namespaces that are left,
// and what holds each.
func (r *Run) awaitGone(ctx context.Context, runs ...string) error {
	if r.options.Namespace != "" || len(runs) == 0 {
		return nil
	}
	silent, cancel := context.WithTimeout(ctx, r.options.Patience/renewals)
	defer cancel()
	left, err := r.watchUntilGone(silent, runs, func(*corev1.Namespace) {})
	if err != nil && silent.Err() != nil && ctx.Err() == nil {
		reported := sets.New[string]()
		left, err = r.watchUntilGone(ctx, runs, func(namespace *corev1.Namespace) {
			reasons, held := heldBy(namespace)
			if held && !reported.Has(namespace.Name) {
				reported.Insert(namespace.Name)
				fmt.Fprintf(r.options.Progress, "waiting for namespace %s to be deleted: %s\n", namespace.Name, reasons)
			}
		})
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = fmt.Errorf("%w while waiting for namespaces to be deleted", err)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		reasons, _ := heldBy(left[name])
		err = fmt.Errorf("%w\n  namespace %s of run %s: %s", err, name, left[name].Labels[Label], reasons)
	}
	return err
}

// watchUntilGone watches the namespaces of these runs until none is left, and calls observe with each version of each.
// It returns the namespaces that are left when ctx ends, by name.
func (r *Run) watchUntilGone(
	ctx context.Context, runs []string, observe func(*corev1.Namespace),
) (left map[string]*corev1.Namespace, err error) {
	ofRuns := func(options *metav1.ListOptions) {
		options.LabelSelector = fmt.Sprintf("%s in (%s)", Label, strings.Join(runs, ","))
	}
	namespaces := cache.NewFilteredListWatchFromClient(r.cluster.CoreV1().RESTClient(), "namespaces", "", ofRuns)
	left = map[string]*corev1.Namespace{}
	update := func(namespace *corev1.Namespace) {
		left[namespace.Name] = namespace
		observe(namespace)
	}
	listed := func(store cache.Store) (bool, error) {
		for _, object := range store.List() {
			update(object.(*corev1.Namespace))
		}
		return len(left) == 0, nil
	}
	changed := func(event watch.Event) (bool, error) {
		namespace := event.Object.(*corev1.Namespace)
		if event.Type == watch.Deleted {
			delete(left, namespace.Name)
		} else {
			update(namespace)
		}
		return len(left) == 0, nil
	}
	_, err = watchtools.UntilWithSync(ctx, namespaces, &corev1.Namespace{}, listed, changed)
	return left, err
}

// heldBy returns the reasons why a namespace that is being deleted still exists, with a remedy if a finalizer holds it.
func heldBy(namespace *corev1.Namespace) (reasons string, held bool) {
	var all []string
	if finalizers := namespace.Finalizers; len(finalizers) > 0 {
		all = append(all, fmt.Sprintf("it has the finalizers %q", finalizers))
		held = true
	}
	for _, condition := range namespace.Status.Conditions {
		if condition.Status == corev1.ConditionTrue {
			all = append(all, condition.Message)
			held = held || condition.Type == corev1.NamespaceFinalizersRemaining
		}
	}
	switch {
	case len(all) == 0:
		return "it is being deleted", false
	case held:
		all = append(all, "start the controller that removes the finalizer, or remove it with kubectl edit")
	}
	return strings.Join(all, "; "), held
}
