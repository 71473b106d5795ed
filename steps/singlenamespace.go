package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps/internal/ownership"
)

// singleNamespace deletes the objects of runs in a namespace that also contains other objects.
type singleNamespace struct {
	name      string
	client    kubernetes.Interface
	resources *resources
	helm      helm.Helm
}

// helmSecrets selects the Secrets in which Helm stores releases.
const helmSecrets = "owner=helm"

// deleteRun deletes the releases of a run, which are found by their label, what Helm leaves of them, and everything
// else that has the run's label, except its Lease. It returns when the releases are gone.
func (n *singleNamespace) deleteRun(ctx context.Context, run string) error {
	ofRun := metav1.ListOptions{LabelSelector: helmSecrets + "," + RunLabel + "=" + run}
	secrets, err := n.client.CoreV1().Secrets(n.name).List(ctx, ofRun)
	if err != nil {
		return fmt.Errorf("list the releases of the run %s: %w", run, err)
	}
	first := map[string]metav1.Time{} // when the first revision was recorded, by the server's clock
	for _, secret := range secrets.Items {
		release := secret.Labels["name"]
		if known, ok := first[release]; !ok || secret.CreationTimestamp.Before(&known) {
			first[release] = secret.CreationTimestamp
		}
	}
	var failed []error
	for release, since := range first {
		if err := n.deleteRelease(ctx, release, since); err != nil {
			failed = append(failed, fmt.Errorf("delete the release %s: %w", release, err))
		}
	}
	return errors.Join(append(failed, n.deleteLabelled(ctx, run))...)
}

// deleteRelease uninstalls a release, and deletes what Helm leaves of it: objects of hooks, objects with the policy
// keep, and the volume claims of StatefulSets. An object that is older than the release is not part of it.
func (n *singleNamespace) deleteRelease(ctx context.Context, name string, since metav1.Time) error {
	scope := helm.Scope{Namespace: func(string) string { return n.name }}
	history, err := n.helm.Run(ctx, scope, "history", name) // a hook may have run in any of its revisions
	if errors.Is(err, helm.ErrReleaseNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = n.helm.Run(ctx, scope, "uninstall", name, "--no-hooks", "--cascade", "foreground", "--wait")
	if err != nil {
		return err
	}
	var failed []error
	for _, revision := range history.Releases {
		for _, left := range leftByHelm(revision) {
			mapping, err := n.resources.mapping(left)
			if err != nil || !namespaced(mapping) {
				continue // its CRD is gone, or it is deleted with the scenario's shared objects
			}
			failed = append(failed, n.deleteNewer(ctx, mapping.Resource, left.GetName(), since))
		}
	}
	claims, err := n.client.CoreV1().PersistentVolumeClaims(n.name).List(ctx, everything)
	if apierrors.IsForbidden(err) {
		return errors.Join(failed...)
	}
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	for _, claim := range claims.Items {
		if slices.ContainsFunc(history.Releases, func(r *helm.Release) bool { return createsClaim(r, claim.Name) }) {
			kind := corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")
			failed = append(failed, n.deleteNewer(ctx, kind, claim.Name, since))
		}
	}
	return errors.Join(failed...)
}

// leftByHelm returns the objects of a release that `helm uninstall` may leave.
func leftByHelm(release *helm.Release) []*unstructured.Unstructured {
	var left []*unstructured.Unstructured
	for _, hook := range release.Hooks {
		if !hook.LastRun.StartedAt.IsZero() {
			left = append(left, objects(hook.Manifest)...)
		}
	}
	for _, object := range objects(release.Manifest) {
		if object.GetAnnotations()["helm.sh/resource-policy"] == "keep" {
			left = append(left, object)
		}
	}
	return left
}

// createsClaim reports whether a StatefulSet of the release creates a claim of this name: TEMPLATE-STATEFULSET-ORDINAL.
func createsClaim(release *helm.Release, claim string) bool {
	for _, object := range objects(release.Manifest) {
		templates, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
		for _, template := range templates {
			fields, _ := template.(map[string]any)
			name, _, _ := unstructured.NestedString(fields, "metadata", "name")
			ordinal, ok := strings.CutPrefix(claim, name+"-"+object.GetName()+"-")
			if ok && ordinal != "" && strings.Trim(ordinal, "0123456789") == "" {
				return true
			}
		}
	}
	return false
}

// deleteNewer deletes an object, unless it was created before since.
func (n *singleNamespace) deleteNewer(
	ctx context.Context, kind schema.GroupVersionResource, name string, since metav1.Time,
) error {
	client := n.resources.dynamic.Resource(kind).Namespace(n.name)
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		if created := found.GetCreationTimestamp(); created.Before(&since) {
			return nil
		}
		err = deleteUID(ctx, client, found)
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return fmt.Errorf("delete %s/%s: %w", kind.Resource, name, err)
	}
	return nil
}

// deleteLabelled deletes the objects with the label of a run, except its Lease.
func (n *singleNamespace) deleteLabelled(ctx context.Context, run string) error {
	return ownership.DeleteEach(ctx, n.resources.discovery, n.resources.dynamic, n.name, run,
		func(kind schema.GroupVersionResource, object *unstructured.Unstructured) error {
			if kind.Resource == "leases" {
				return nil
			}
			return deleteUID(ctx, n.resources.dynamic.Resource(kind).Namespace(n.name), object)
		})
}

// deleteUID deletes this object and everything that it owns. It does not delete another object that has its name by
// now.
func deleteUID(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	uid := object.GetUID()
	return client.Delete(ctx, object.GetName(), metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: new(metav1.DeletePropagationForeground),
	})
}
