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

// oneCore returns a capacity of one core, and plenty of memory and pods.
func oneCore() *Capacity {
	return New(func(context.Context) (Amount, error) { return Amount{CPU: 1000, Memory: 1 << 40, Pods: 1 << 20}, nil })
}

// reservation is a call of Reserve that may be waiting.
type reservation struct {
	share *Share
	done  bool
	err   error
}

func newReservation(c *Capacity) *reservation { return &reservation{share: c.Share()} }

// reserve starts a call of Reserve for an object.
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

// deployment returns the manifest of a Deployment whose pods request cpu millicores each.
func deployment(replicas, cpu int, revision string) string {
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

func TestRequestsAreServedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		first, large, small := newReservation(all), newReservation(all), newReservation(all)

		first.reserve(t.Context(), deployment(2, 300, "1"))
		large.reserve(t.Context(), deployment(1, 700, "1"))
		small.reserve(t.Context(), deployment(1, 100, "1"))

		assert.True(t, first.done)
		assert.False(t, large.done, "does not fit beside the first")
		assert.False(t, small.done, "would fit, but came later")

		first.share.Release()
		synctest.Wait()
		assert.True(t, large.done)
		assert.True(t, small.done)
	})
}

// Two shares that both held resources and waited for more would deadlock.
func TestShareThatHoldsResourcesGrowsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		grows, waits := newReservation(all), newReservation(all)
		grows.reserve(t.Context(), deployment(1, 600, "1"))
		waits.reserve(t.Context(), deployment(1, 500, "1"))
		assert.False(t, waits.done)

		grows.reserve(t.Context(), deployment(1, 600, "2"))
		assert.True(t, grows.done)
		assert.False(t, waits.done)

		grows.share.Release()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestExpectedUpdatesReserveSurge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		updates, waits := newReservation(all), newReservation(all)
		updates.share.ExpectUpdates()
		updates.reserve(t.Context(), deployment(1, 400, "1"))
		waits.reserve(t.Context(), deployment(1, 400, "1"))
		assert.False(t, waits.done)

		updates.reserve(t.Context(), deployment(1, 400, "2"))
		assert.True(t, updates.done)
		assert.EqualValues(t, 800, updates.share.held.CPU)
		updates.share.Release()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestRequestBeyondCapacityWaitsForAllOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		first, whole, later := newReservation(all), newReservation(all), newReservation(all)
		first.reserve(t.Context(), deployment(1, 100, "1"))

		whole.reserve(t.Context(), deployment(9, 500, "1"))
		assert.False(t, whole.done)

		first.share.Release()
		synctest.Wait()
		assert.True(t, whole.done)

		later.reserve(t.Context(), deployment(1, 100, "1"))
		assert.False(t, later.done)
		whole.share.Release()
		synctest.Wait()
		assert.True(t, later.done)
	})
}

func TestPodBeyondCapacityIsNotCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		a, b := newReservation(all), newReservation(all)

		a.reserve(t.Context(), deployment(1, 2000, "1"))
		b.reserve(t.Context(), deployment(1, 1000, "1"))

		assert.True(t, a.done)
		assert.True(t, b.done)
	})
}

func TestKeptShareDoesNotBlockOthersForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		kept, waits := newReservation(all), newReservation(all)
		kept.reserve(t.Context(), deployment(1, 500, "1"))
		waits.reserve(t.Context(), deployment(1, 600, "1"))
		assert.False(t, waits.done)

		kept.share.Keep()
		synctest.Wait()
		assert.True(t, waits.done)
	})
}

func TestContextEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := oneCore()
		first, impatient, patient := newReservation(all), newReservation(all), newReservation(all)
		first.reserve(t.Context(), deployment(1, 500, "1"))
		ctx, cancel := context.WithCancelCause(t.Context())
		impatient.reserve(ctx, deployment(1, 600, "1"))
		patient.reserve(t.Context(), deployment(1, 500, "1"))
		assert.False(t, patient.done)

		cancel(errors.New("the run ended early"))
		synctest.Wait()

		assert.EqualError(t, impatient.err, "the run ended early")
		assert.True(t, patient.done, "it is first in the queue now")
		impatient.share.Release()
		first.share.Release()
		patient.share.Release()
		assert.Equal(t, all.size, all.free)
	})
}

func TestFailedMeasurementIsRetried(t *testing.T) {
	t.Parallel()
	answers := []error{errors.New("the server is starting"), nil}
	all := New(func(context.Context) (size Amount, err error) {
		err, answers = answers[0], answers[1:]
		return Amount{CPU: 1000, Memory: 1, Pods: 1}, err
	})
	object := []*unstructured.Unstructured{parse(deployment(1, 100, "1"))}

	err := all.Share().Reserve(t.Context(), object)
	assert.ErrorContains(t, err, "the server is starting")
	assert.NoError(t, all.Share().Reserve(t.Context(), object))
}

func TestObjectsWithoutPodsReserveNothing(t *testing.T) {
	t.Parallel()
	all := New(func(context.Context) (Amount, error) { return Amount{}, errors.New("not to be measured") })

	object := parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}")

	require.NoError(t, all.Share().Reserve(t.Context(), []*unstructured.Unstructured{object}))
}
