package capacity

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// ofOneCore is a capacity of one core, with plenty of all else.
func ofOneCore() *Capacity {
	return New(func(context.Context) (Amount, error) { return Amount{CPU: 1000, Memory: 1 << 40, Pods: 1 << 20}, nil })
}

// reservation is one that may be waiting.
type reservation struct {
	share *Share
	done  bool
	err   error
}

// reserve starts to reserve what a Deployment of this name takes.
func (r *reservation) reserve(ctx context.Context, manifest string) {
	r.done = false
	go func() {
		r.err = r.share.Reserve(ctx, []*unstructured.Unstructured{parse(manifest)})
		r.done = true
	}()
	synctest.Wait()
}

func parse(manifest string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), object); err != nil {
		panic(err)
	}
	return object
}

// pods are those of a Deployment: so many, each of so many thousandths of a core, made from a template of this revision.
func pods(replicas, cpu int, revision string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  template:
    metadata: {annotations: {revision: %q}}
    spec:
      containers: [{name: web, resources: {requests: {cpu: %dm}}}]
`, replicas, revision, cpu)
}

func TestWhoComesFirstIsServedFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		first, large, small := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}

		first.reserve(t.Context(), pods(2, 300, "1"))
		large.reserve(t.Context(), pods(1, 700, "1"))
		small.reserve(t.Context(), pods(1, 100, "1"))

		assert.True(t, first.done)
		assert.False(t, large.done, "it does not fit beside the first")
		assert.False(t, small.done, "it fits, but came later")

		first.share.Return()
		synctest.Wait()
		assert.True(t, large.done)
		assert.True(t, small.done)
	})
}

// Two who hold something and wait for more would wait for each other.
func TestWhoHoldsAShareDoesNotWaitForMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		grows, waits := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}
		grows.reserve(t.Context(), pods(1, 600, "1"))
		waits.reserve(t.Context(), pods(1, 500, "1"))
		assert.False(t, waits.done)

		grows.reserve(t.Context(), pods(1, 600, "2"))
		assert.True(t, grows.done)
		assert.False(t, waits.done)

		grows.share.Return()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestWhoWillUpdateTakesWhatThatTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		updates, waits := &reservation{share: all.Share(true)}, &reservation{share: all.Share(false)}
		updates.reserve(t.Context(), pods(1, 400, "1"))
		waits.reserve(t.Context(), pods(1, 400, "1"))
		assert.False(t, waits.done)

		updates.reserve(t.Context(), pods(1, 400, "2"))
		assert.True(t, updates.done)
		assert.EqualValues(t, 800, updates.share.held.CPU)
		updates.share.Return()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestWhoNeedsMoreThanThereIsGetsAllOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		first, whole, later := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}
		first.reserve(t.Context(), pods(1, 100, "1"))

		whole.reserve(t.Context(), pods(9, 500, "1"))
		assert.False(t, whole.done)

		first.share.Return()
		synctest.Wait()
		assert.True(t, whole.done)

		later.reserve(t.Context(), pods(1, 100, "1"))
		assert.False(t, later.done)
		whole.share.Return()
		synctest.Wait()
		assert.True(t, later.done)
	})
}

func TestPodsThatNoNodeCanHoldTakeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		a, b := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}

		a.reserve(t.Context(), pods(1, 2000, "1"))
		b.reserve(t.Context(), pods(1, 1000, "1"))

		assert.True(t, a.done)
		assert.True(t, b.done)
	})
}

func TestPodsThatAreKeptDoNotHoldUpTheOthersForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		kept, waits := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}
		kept.reserve(t.Context(), pods(1, 500, "1"))
		waits.reserve(t.Context(), pods(1, 600, "1"))
		assert.False(t, waits.done)

		kept.share.Keep()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := ofOneCore()
		first, impatient, patient := &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}, &reservation{share: all.Share(false)}
		first.reserve(t.Context(), pods(1, 500, "1"))
		ctx, cancel := context.WithCancelCause(t.Context())
		impatient.reserve(ctx, pods(1, 600, "1"))
		patient.reserve(t.Context(), pods(1, 500, "1"))
		assert.False(t, patient.done)

		cancel(errors.New("the run ended early"))
		synctest.Wait()

		assert.EqualError(t, impatient.err, "the run ended early")
		assert.True(t, patient.done, "nobody is before it any more")
		impatient.share.Return()
		first.share.Return()
		patient.share.Return()
		assert.Equal(t, all.size, all.free)
	})
}

func TestWhatCannotBeMeasuredIsMeasuredAgain(t *testing.T) {
	t.Parallel()
	answers := []error{errors.New("the server is starting"), nil}
	all := New(func(context.Context) (size Amount, err error) {
		err, answers = answers[0], answers[1:]
		return Amount{CPU: 1000, Memory: 1, Pods: 1}, err
	})
	object := []*unstructured.Unstructured{parse(pods(1, 100, "1"))}

	assert.EqualError(t, all.Share(false).Reserve(t.Context(), object), "see what the nodes have room for: the server is starting")
	assert.NoError(t, all.Share(false).Reserve(t.Context(), object))
}

// What makes no pods waits for nobody, and asks nobody.
func TestWhatMakesNoPodsTakesNothing(t *testing.T) {
	t.Parallel()
	all := New(func(context.Context) (Amount, error) { return Amount{}, errors.New("nobody should ask") })

	require.NoError(t, all.Share(false).Reserve(t.Context(), []*unstructured.Unstructured{parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}")}))
}
