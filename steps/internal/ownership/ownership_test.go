package ownership

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
)

// patience is long enough for a busy machine to renew a Lease six times.
const patience = 6 * time.Second

var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// skipIfShort skips a test that waits for Patience, or for namespaces to be deleted, which takes 12 s or more.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it waits for dead runs")
	}
}

// begin begins a run with this ID, and returns its progress too.
func begin(t *testing.T, id string, options Options) (*Run, *bytes.Buffer) {
	t.Helper()
	progress := new(bytes.Buffer)
	options.Progress, options.Patience = progress, patience
	r, err := Begin(t.Context(), shared.Config(t), id, options)
	require.NoError(t, err)
	return r, progress
}

// kill ends a run as kill -9 does: it stops renewing its Lease, and deletes nothing.
func kill(r *Run) {
	r.stopRenewing()
	r.renewing.Wait()
}

func createNamespace(t *testing.T, meta metav1.ObjectMeta) {
	t.Helper()
	namespaces := shared.Client(t).CoreV1().Namespaces()
	_, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: meta}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func createLabelled(t *testing.T, name, run string) {
	t.Helper()
	createNamespace(t, metav1.ObjectMeta{Name: name, Labels: map[string]string{Label: run}})
}

func exists(t *testing.T, name string) bool {
	t.Helper()
	_, err := shared.Client(t).CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false
	}
	require.NoError(t, err)
	return true
}

func TestSweepDeletesObjectsOfDeadRunsOnly(t *testing.T) {
	skipIfShort(t)
	living, livingProgress := begin(t, "living", Options{})
	dead, _ := begin(t, "dead", Options{})
	kill(dead)
	createLabelled(t, "shop-living", "living")
	createLabelled(t, "shop-dead", "dead")
	createLabelled(t, "shop-lost", "without-a-lease")
	createNamespace(t, metav1.ObjectMeta{Name: "trader"})
	canaries := shared.Client(t).CoreV1().ConfigMaps("trader")
	canary := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "canary"}}
	canary, err := canaries.Create(t.Context(), canary, metav1.CreateOptions{})
	require.NoError(t, err)
	roles := shared.Client(t).RbacV1().ClusterRoles()
	for _, run := range []string{"living", "dead"} {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "shop-" + run, Labels: map[string]string{Label: run}}}
		_, err := roles.Create(t.Context(), role, metav1.CreateOptions{})
		require.NoError(t, err)
	}

	next, progress := begin(t, "next", Options{})
	require.NoError(t, next.Close(t.Context()))

	for name, want := range map[string]bool{
		"shop-living": true, "charts-run-living": true, "trader": true,
		"shop-dead": false, "charts-run-dead": false, "shop-lost": false, "charts-run-next": false,
	} {
		assert.Equal(t, want, exists(t, name), name)
	}
	_, err = roles.Get(t.Context(), "shop-living", metav1.GetOptions{})
	assert.NoError(t, err)
	_, err = roles.Get(t.Context(), "shop-dead", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	now, err := canaries.Get(t.Context(), "canary", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, canary.ResourceVersion, now.ResourceVersion)
	assert.NotContains(t, progress.String(), "dead run: living")

	require.NoError(t, living.Close(t.Context()))
	// Either of the two may have seen it first.
	assert.Contains(t, progress.String()+livingProgress.String(), "cleaning up after a dead run: dead (process ")
	assert.False(t, exists(t, "shop-living"), "a run deletes its own objects")
	_, err = roles.Get(t.Context(), "shop-living", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	assert.NoError(t, living.Close(t.Context()), "a second Close does nothing")
}

func TestRunWhoseLeaseWasDeletedFails(t *testing.T) {
	r, _ := begin(t, "stopped", Options{})
	leases := shared.Client(t).CoordinationV1().Leases("charts-run-stopped")
	require.NoError(t, leases.Delete(t.Context(), "charts-run-stopped", metav1.DeleteOptions{}))
	r.renewing.Wait()

	assert.ErrorContains(t, r.Close(t.Context()), "another run considered this one dead")
	assert.False(t, exists(t, "charts-run-stopped"))
}

func TestCloseNamesOwnNamespaceHeldByFinalizer(t *testing.T) {
	const finalizer = "example.com/hold"
	r, progress := begin(t, "held", Options{})
	createNamespace(t, metav1.ObjectMeta{
		Name: "shop-held", Labels: map[string]string{Label: "held"}, Finalizers: []string{finalizer},
	})
	t.Cleanup(func() {
		patch := []byte(`{"metadata": {"finalizers": null}}`)
		_, err := shared.Client(t).CoreV1().Namespaces().Patch(
			context.Background(), "shop-held", types.MergePatchType, patch, metav1.PatchOptions{})
		assert.NoError(t, err)
	})

	ctx, cancel := context.WithTimeout(t.Context(), patience/2)
	defer cancel()
	err := r.Close(ctx)

	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "namespace shop-held of run held")
	assert.ErrorContains(t, err, finalizer)
	assert.ErrorContains(t, err, "kubectl edit")
	waiting := "waiting for namespace shop-held to be deleted: it has the finalizers [\"" + finalizer
	assert.Equal(t, 1, strings.Count(progress.String(), waiting), progress)
	lease, err := shared.Client(t).CoreV1().Namespaces().Get(t.Context(), "charts-run-held", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err) || lease.DeletionTimestamp != nil, "the run has released its Lease")
}

// The objects of another run are held by a finalizer, which is no reason to wait for longer than Close may.
func TestCloseCancelsSweepHeldByFinalizer(t *testing.T) {
	skipIfShort(t)
	const finalizer = "example.com/hold"
	createLabelled(t, "shop-foreign", "foreign")
	held := shared.Client(t).CoreV1().ConfigMaps("shop-foreign")
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{finalizer}}}
	_, err := held.Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		patch := []byte(`{"metadata": {"finalizers": null}}`)
		_, err := held.Patch(context.Background(), "held", types.MergePatchType, patch, metav1.PatchOptions{})
		assert.NoError(t, err)
	})

	r, progress := begin(t, "waiting", Options{})
	createLabelled(t, "shop-waiting", "waiting")
	const bound = 2 * patience
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	started := time.Now()
	err = r.Close(ctx)

	assert.Less(t, time.Since(started), bound+5*time.Second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "namespace shop-foreign of run foreign")
	assert.ErrorContains(t, err, finalizer)
	assert.Contains(t, progress.String(), "cleaning up after a dead run: foreign\n")
	for _, own := range []string{"shop-waiting", "charts-run-waiting"} {
		assert.False(t, exists(t, own), own)
		assert.NotContains(t, err.Error(), own)
	}
}

func TestSharedNamespaceIsForOneRunAtATime(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	createNamespace(t, metav1.ObjectMeta{Name: "ours"})
	var deleted []string
	options := Options{Namespace: "ours", DeleteObjects: func(_ context.Context, run string) error {
		deleted = append(deleted, run)
		return nil
	}}
	first, _ := begin(t, "first", options)

	refused := options
	refused.Progress, refused.Patience = new(bytes.Buffer), patience
	_, err := Begin(t.Context(), shared.Config(t), "second", refused)
	require.ErrorContains(t, err, "namespace ours is in use by run first (process ")
	assert.Empty(t, deleted)

	kill(first)
	third, progress := begin(t, "third", options)
	assert.Equal(t, []string{"first"}, deleted)
	assert.Contains(t, progress.String(), "dead run: first")
	require.NoError(t, third.Close(t.Context()))
	assert.Equal(t, []string{"first", "third"}, deleted)
	leases, err := shared.Client(t).CoordinationV1().Leases("ours").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, leases.Items)
	assert.True(t, exists(t, "ours"))
}

// An interrupted Close leaves the Lease, by which a later sweep finds what is left. This test is not parallel: another
// sweep might find it first.
func TestSweepFinishesInterruptedClose(t *testing.T) {
	skipIfShort(t)
	r, _ := begin(t, "hasty", Options{})
	createLabelled(t, "shop-hasty", "hasty")
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(errors.New("interrupted"))
	require.ErrorContains(t, r.Close(ctx), "interrupted while deleting the objects of run hasty")
	assert.True(t, exists(t, "shop-hasty"))

	progress := new(bytes.Buffer)
	require.NoError(t, Sweep(t.Context(), shared.Config(t), Options{Progress: progress, Patience: patience}))

	assert.False(t, exists(t, "shop-hasty"))
	assert.False(t, exists(t, "charts-run-hasty"))
	assert.Equal(t, 1, strings.Count(progress.String(), "dead run: hasty (process "), progress)
}

// A namespace whose deletion was requested no longer leads a sweep to its run, but the Lease's own does.
func TestSweepFindsClusterScopedObjectThatCloseCouldNotDelete(t *testing.T) {
	skipIfShort(t)
	refused := errors.New("refused by a webhook")
	config := rest.CopyConfig(shared.Config(t))
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodDelete && strings.HasSuffix(request.URL.Path, "/clusterroles/shop-failing") {
				return nil, refused
			}
			return next.RoundTrip(request)
		})
	})
	r, err := Begin(t.Context(), config, "failing", Options{Progress: new(bytes.Buffer), Patience: patience})
	require.NoError(t, err)
	createLabelled(t, "shop-failing", "failing")
	roles := shared.Client(t).RbacV1().ClusterRoles()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{
		Name: "shop-failing", Labels: map[string]string{Label: "failing"},
	}}
	_, err = roles.Create(t.Context(), role, metav1.CreateOptions{})
	require.NoError(t, err)

	err = r.Close(t.Context())

	require.ErrorIs(t, err, refused)
	assert.ErrorContains(t, err, "delete clusterroles/shop-failing of run failing")
	require.True(t, exists(t, "charts-run-failing"), "the Lease stays")

	require.NoError(t, Sweep(t.Context(), shared.Config(t), Options{Progress: new(bytes.Buffer), Patience: patience}))

	_, err = roles.Get(t.Context(), "shop-failing", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	assert.False(t, exists(t, "charts-run-failing"))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
