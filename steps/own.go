package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps/internal/ownership"
)

// Begin says on the cluster that this run goes on, until End, and takes away what dead runs left there. It is for clusters that outlive the run. What is found is
// written to progress.
func (s *Suite) Begin(ctx context.Context, progress io.Writer) (err error) {
	s.owner, err = ownership.Begin(ctx, s.config, s.run, s.ownership(progress))
	return err
}

// Close ends what scenarios started and waits for it, removes the images that the run loaded onto the nodes, and, after
// Begin, deletes everything that the run made, kept namespaces included, and waits until it is gone. Call it after the
// scenarios. It returns when ctx ends, with an error that names what was still going on. A second call does nothing.
func (s *Suite) Close(ctx context.Context) (err error) {
	s.closing.Do(func() {
		err = errors.Join(s.background.close(ctx), s.removeImages(ctx), s.endOwnership(ctx))
	})
	return err
}

func (s *Suite) removeImages(ctx context.Context) error {
	if s.images == nil {
		return nil
	}
	return within(ctx, "remove images from the nodes", func() error { return s.images.Remove(ctx) })
}

func (s *Suite) endOwnership(ctx context.Context) error {
	if s.owner == nil {
		return nil
	}
	return s.owner.Close(ctx)
}

// Sweep takes away what dead runs left on the cluster, and returns when it is gone.
func (s *Suite) Sweep(ctx context.Context, progress io.Writer) error {
	return ownership.Sweep(ctx, s.config, s.ownership(progress))
}

func (s *Suite) ownership(progress io.Writer) ownership.Options {
	return ownership.Options{Namespace: s.options.SingleNamespace, DeleteObjects: s.takeAway, Progress: progress}
}

// secondNamespace returns one of the namespaces that steps name other than the suite's, if the run may only use that one;
// "" if there is none.
func (s *scenario) secondNamespace(named []string) string {
	if s.namespaces.only == "" {
		return ""
	}
	for _, name := range named {
		if name != s.suite.options.Namespace {
			return name
		}
	}
	return ""
}

// releaseSecrets are those in which Helm keeps releases.
const releaseSecrets = "owner=helm"

// noteEarlier takes note of the releases that are in the one namespace for all: they are none of the scenario's business.
func (s *scenario) noteEarlier(ctx context.Context) error {
	if s.namespaces.only == "" {
		return nil
	}
	kept, err := s.suite.cluster.CoreV1().Secrets(s.namespaces.only).List(ctx, metav1.ListOptions{LabelSelector: releaseSecrets})
	if err != nil {
		return fmt.Errorf("see which releases the namespace %s has: %w", s.namespaces.only, err)
	}
	for _, secret := range kept.Items {
		s.earlier = append(s.earlier, secret.Labels["name"])
	}
	return nil
}

// owned is a command line that touches only what is the run's. In a namespace of the scenario's own, everything is.
func (s *scenario) owned(words []string) ([]string, error) {
	if s.namespaces.only == "" || len(words) == 0 {
		return words, nil
	}
	for _, word := range words {
		if slices.Contains(s.earlier, word) {
			return nil, fmt.Errorf("the namespace %s had a release %s before this scenario, which is not touched: give the run a namespace without it", s.namespaces.only, word)
		}
	}
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasPrefix(word, createNamespace) }) // it is there
	if words[0] == "install" || words[0] == "upgrade" {
		words = append(words, "--labels", ownership.Label+"="+s.suite.run)
	}
	return words, nil
}

// takeAway takes away what a run made in the one namespace for all: its releases, found by their label, and what Helm leaves of them; and all else that has the run's label,
// except for its Lease. It returns when it is gone.
func (s *Suite) takeAway(ctx context.Context, run string) error {
	mine := metav1.ListOptions{LabelSelector: releaseSecrets + "," + ownership.Label + "=" + run}
	secrets, err := s.cluster.CoreV1().Secrets(s.options.SingleNamespace).List(ctx, mine)
	if err != nil {
		return fmt.Errorf("look for the releases of the run %s: %w", run, err)
	}
	since := map[string]metav1.Time{} // when the first revision was recorded, by the server's clock
	for _, secret := range secrets.Items {
		name := secret.Labels["name"]
		if first, ok := since[name]; !ok || secret.CreationTimestamp.Before(&first) {
			since[name] = secret.CreationTimestamp
		}
	}
	var failed []error
	for name, first := range since {
		failed = append(failed, s.takeAwayRelease(ctx, name, first))
	}
	return errors.Join(append(failed, s.takeAwayLabelled(ctx, run))...)
}

// takeAwayRelease uninstalls a release of the one namespace for all, and deletes what Helm leaves of one: what hooks made, what is to be kept, and the volumes
// of StatefulSets. What is older than the release was there before it.
func (s *Suite) takeAwayRelease(ctx context.Context, name string, since metav1.Time) error {
	scope := helm.Scope{Namespace: func(string) string { return s.options.SingleNamespace }}
	found, err := s.helm.Run(ctx, scope, "history", name) // a hook may have run in any of its revisions
	if errors.Is(err, helm.ErrReleaseNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take away the release %s: %w", name, err)
	}
	if _, err := s.helm.Run(ctx, scope, "uninstall", name, "--no-hooks", "--cascade", "foreground", "--wait"); err != nil {
		return fmt.Errorf("take away the release %s: %w", name, err)
	}
	var failed []error
	for _, revision := range found.Releases {
		for _, left := range leftovers(revision) {
			mapping, err := s.mapping(left)
			if err != nil || mapping.Scope.Name() == meta.RESTScopeNameRoot {
				continue // its kind went with the release, or it is taken away elsewhere
			}
			failed = append(failed, s.deleteNewer(ctx, mapping.Resource, left.GetName(), since))
		}
	}
	claims, err := s.cluster.CoreV1().PersistentVolumeClaims(s.options.SingleNamespace).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsForbidden(err) {
		failed = append(failed, err)
	} else if err == nil {
		for _, claim := range claims.Items {
			if slices.ContainsFunc(found.Releases, func(revision *helm.Release) bool { return isVolumeOf(claim.Name, revision) }) {
				failed = append(failed, s.deleteNewer(ctx, corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"), claim.Name, since))
			}
		}
	}
	return errors.Join(failed...)
}

// leftovers are the objects of a release that Helm may leave when it is uninstalled: those that hooks made, and those that it was told to keep.
func leftovers(of *helm.Release) []*unstructured.Unstructured {
	var left []*unstructured.Unstructured
	for _, hook := range of.Hooks {
		if !hook.LastRun.StartedAt.IsZero() {
			left = append(left, objects(&helm.Release{Manifest: hook.Manifest})...)
		}
	}
	for _, object := range objects(of) {
		if object.GetAnnotations()["helm.sh/resource-policy"] == "keep" {
			left = append(left, object)
		}
	}
	return left
}

// isVolumeOf says whether a claim has the name that a StatefulSet of the release gives to those that it makes.
func isVolumeOf(claim string, of *helm.Release) bool {
	for _, object := range objects(of) {
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

// deleteNewer deletes an object of the one namespace for all, unless it was made before since.
func (s *Suite) deleteNewer(ctx context.Context, kind schema.GroupVersionResource, name string, since metav1.Time) error {
	client := s.objects.Resource(kind).Namespace(s.options.SingleNamespace)
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		if made := found.GetCreationTimestamp(); made.Before(&since) {
			return nil
		}
		err = deleteUID(ctx, client, found)
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return fmt.Errorf("delete %s/%s: %w", kind.Resource, name, err)
	}
	return nil
}

// deleteUID deletes this very object, with all that it owns, and no other that has got its name since.
func deleteUID(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	uid := object.GetUID()
	return client.Delete(ctx, object.GetName(), metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: new(metav1.DeletePropagationForeground),
	})
}

// takeAwayLabelled deletes what has the label of a run in the one namespace for all, except for its Lease.
func (s *Suite) takeAwayLabelled(ctx context.Context, run string) error {
	return ownership.DeleteEach(ctx, s.discovery, s.objects, s.options.SingleNamespace, run, func(kind schema.GroupVersionResource, object *unstructured.Unstructured) error {
		if kind.Resource == "leases" {
			return nil
		}
		return deleteUID(ctx, s.objects.Resource(kind).Namespace(s.options.SingleNamespace), object)
	})
}
