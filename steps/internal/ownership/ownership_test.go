package ownership

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
)

// patience of these tests: long enough for a busy machine to renew a Lease six times.
const patience = 6 * time.Second

var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// begin begins a run with this ID, all of whose progress is in the buffer.
func begin(t *testing.T, id string, options Options) (*Run, *bytes.Buffer) {
	said := new(bytes.Buffer)
	options.Progress, options.Patience = said, patience
	r, err := Begin(t.Context(), shared.Config(t), id, options)
	require.NoError(t, err)
	return r, said
}

// kill ends a run as kill -9 does: it renews no more, and takes nothing away.
func kill(r *Run) {
	r.stop()
	r.renewing.Wait()
}

func namespace(t *testing.T, name string, labels map[string]string) {
	_, err := shared.Client(t).CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func isThere(t *testing.T, name string) bool {
	_, err := shared.Client(t).CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false
	}
	require.NoError(t, err)
	return true
}

// What dead runs left goes, in namespaces and outside of them. What living runs made stays, and what no run made.
func TestSweep(t *testing.T) {
	living, alsoSaid := begin(t, "living", Options{})
	dead, _ := begin(t, "dead", Options{})
	kill(dead)
	namespace(t, "shop-living", map[string]string{Label: "living"})
	namespace(t, "shop-dead", map[string]string{Label: "dead"})
	namespace(t, "shop-lost", map[string]string{Label: "without-a-lease"})
	namespace(t, "trader", nil)
	canary, err := shared.Client(t).CoreV1().ConfigMaps("trader").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "canary"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	roles := shared.Client(t).RbacV1().ClusterRoles()
	for _, run := range []string{"living", "dead"} {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "shop-" + run, Labels: map[string]string{Label: run}}}
		_, err := roles.Create(t.Context(), role, metav1.CreateOptions{})
		require.NoError(t, err)
	}

	next, said := begin(t, "next", Options{})
	require.NoError(t, next.End())

	for name, wanted := range map[string]bool{
		"shop-living": true, "charts-run-living": true, "trader": true,
		"shop-dead": false, "charts-run-dead": false, "shop-lost": false, "charts-run-next": false,
	} {
		assert.Equal(t, wanted, isThere(t, name), name)
	}
	_, err = roles.Get(t.Context(), "shop-living", metav1.GetOptions{})
	assert.NoError(t, err)
	_, err = roles.Get(t.Context(), "shop-dead", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	now, err := shared.Client(t).CoreV1().ConfigMaps("trader").Get(t.Context(), "canary", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, canary.ResourceVersion, now.ResourceVersion)
	assert.NotContains(t, said.String(), "dead: living")

	require.NoError(t, living.End())
	// Whichever of the two saw it first.
	assert.Contains(t, said.String()+alsoSaid.String(), "taking away what a run left that is dead: dead, process ")
	assert.False(t, isThere(t, "shop-living"), "a run takes away what it made")
	_, err = roles.Get(t.Context(), "shop-living", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	assert.NoError(t, living.End(), "a second end is none")
}

// A run that was taken for dead fails, so that nobody trusts what it says.
func TestARunThatWasTakenForDeadSaysSo(t *testing.T) {
	r, _ := begin(t, "stopped", Options{})
	require.NoError(t, shared.Client(t).CoordinationV1().Leases("charts-run-stopped").Delete(t.Context(), "charts-run-stopped", metav1.DeleteOptions{}))
	r.renewing.Wait()

	assert.ErrorContains(t, r.End(), "another run took it for dead")
	assert.False(t, isThere(t, "charts-run-stopped"))
}

// Where a run has one namespace only, it waits for what is in it.
func TestOneNamespace(t *testing.T) {
	t.Parallel()
	namespace(t, "ours", nil)
	var taken []string
	options := Options{Namespace: "ours", TakeAway: func(_ context.Context, run string) error {
		taken = append(taken, run)
		return nil
	}}
	first, _ := begin(t, "first", options)

	refused := options
	refused.Progress, refused.Patience = new(bytes.Buffer), patience
	_, err := Begin(t.Context(), shared.Config(t), "second", refused)
	require.ErrorContains(t, err, "another run goes on in the namespace ours: first, process ")
	assert.Empty(t, taken)

	kill(first)
	third, said := begin(t, "third", options)
	assert.Equal(t, []string{"first"}, taken)
	assert.Contains(t, said.String(), "dead: first")
	require.NoError(t, third.End())
	assert.Equal(t, []string{"first", "third"}, taken)
	leases, err := shared.Client(t).CoordinationV1().Leases("ours").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, leases.Items)
	assert.True(t, isThere(t, "ours"))
}

// Not in parallel with TestSweep: what one takes away, the other does not find.
func TestSweepAlone(t *testing.T) {
	said := new(bytes.Buffer)
	namespace(t, "alone", map[string]string{Label: "alone"})

	require.NoError(t, Sweep(t.Context(), shared.Config(t), Options{Progress: said, Patience: patience}))

	assert.False(t, isThere(t, "alone"))
	assert.Equal(t, 1, strings.Count(said.String(), "dead: alone\n"), said)
}
