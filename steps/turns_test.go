package steps

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// turn is one that may be waited for.
type turn struct {
	end func()
}

func take(t *turns, alone bool) *turn {
	taken := new(turn)
	go func() { taken.end = t.begin(alone) }()
	synctest.Wait()
	return taken
}

func (t *turn) has() bool { return t.end != nil }

func (t *turn) over() {
	t.end()
	synctest.Wait()
}

func TestWhoWantsToBeAloneWaitsUntilNobodyRunsAndKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newTurns()
		first, alone, second := take(all, false), take(all, true), take(all, false)
		assert.True(t, first.has())
		assert.False(t, alone.has())
		assert.True(t, second.has(), "who waits to be alone keeps nobody waiting")

		first.over()
		assert.False(t, alone.has(), "one runs still")
		second.over()
		assert.True(t, alone.has())
		third := take(all, false)
		assert.False(t, third.has(), "one is alone")

		alone.over()
		assert.True(t, third.has())
		third.over()
	})
}

func TestOnlyOneIsAlone(t *testing.T) {
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
