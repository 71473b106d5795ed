package steps

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/steps/internal/ownership"
)

func TestCloseEndsAndJoinsWhatScenariosStarted(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	joined := false
	suite.background.start(func(ctx context.Context) {
		<-ctx.Done()
		joined = true
	})

	require.NoError(t, suite.Close(t.Context()))

	assert.True(t, joined)
	assert.NoError(t, suite.Close(t.Context()), "a second call does nothing")
}

func TestCloseReturnsThoughWorkDoesNotEnd(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	release := make(chan struct{})
	defer close(release)
	suite.background.start(func(context.Context) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	err := suite.Close(ctx)

	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestCloseReturnsThoughAFinalizerHoldsANamespace(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	require.NoError(t, suite.Begin(t.Context(), t.Output()))
	name := "held-" + shortID()
	_, err := suite.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{ownership.Label: suite.run},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
	held := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/held"}}}
	_, err = suite.client.CoreV1().ConfigMaps(name).Create(t.Context(), held, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := suite.client.CoreV1().ConfigMaps(name).Patch(context.Background(), "held", types.MergePatchType,
			[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		assert.NoError(t, err)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	started := time.Now()

	err = suite.Close(ctx)

	assert.Error(t, err)
	assert.Less(t, time.Since(started), 20*time.Second)
}

// A scenario that never ended leaves a recorder behind.
func TestCloseEndsRecorders(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	s := newScenario(suite.own())
	require.NoError(t, s.helm.run(t.Context(), "install with"))
	require.NoError(t, s.recorders.watch(t.Context(), "deployment/shop", ""))

	require.NoError(t, suite.Close(t.Context()))

	select {
	case <-s.recorders.all[0].finished:
	default:
		t.Error("the recorder still runs")
	}
}
