package steps

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// turn is a turn that a scenario waits for or has.
type turn struct {
	end func()
}

func take(t *turns, alone bool) *turn {
	taken := new(turn)
	go func() { taken.end, _ = t.begin(context.Background(), alone) }()
	synctest.Wait()
	return taken
}

func (t *turn) has() bool { return t.end != nil }

func (t *turn) over() {
	t.end()
	synctest.Wait()
}

func TestATurnAloneWaitsUntilNothingRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newTurns()
		first, alone, second := take(all, false), take(all, true), take(all, false)
		assert.True(t, first.has())
		assert.False(t, alone.has())
		assert.True(t, second.has(), "one that waits to run alone does not hold up others")

		first.over()
		assert.False(t, alone.has(), "one is still running")
		second.over()
		assert.True(t, alone.has())
		third := take(all, false)
		assert.False(t, third.has(), "one runs alone")

		alone.over()
		assert.True(t, third.has())
		third.over()
	})
}

func TestOnlyOneRunsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newTurns()
		first, second := take(all, true), take(all, true)
		assert.True(t, first.has())
		assert.False(t, second.has())

		first.over()
		assert.True(t, second.has())
		second.over()
	})
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newTurns()
		first := take(all, false)
		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := all.begin(ctx, true)
			failed <- err
		}()
		synctest.Wait()
		assert.Empty(t, failed, "it waits while another scenario runs")

		cancel(errors.New("interrupted"))
		assert.ErrorContains(t, <-failed, "interrupted")
		first.over()
		next := take(all, true)
		assert.True(t, next.has())
		next.over()
	})
}
