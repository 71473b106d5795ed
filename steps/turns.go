package steps

import (
	"context"
	"sync"
)

// turns lets scenarios run side by side, except those that must run alone. A scenario that waits to run alone does not
// hold up others: if it did, the cluster would idle while the last of many scenarios finish.
type turns struct {
	mu      sync.Mutex
	changed sync.Cond
	running int
	alone   bool // the running scenario runs alone
}

func newTurns() *turns {
	t := new(turns)
	t.changed.L = &t.mu
	return t
}

// begin waits for the turn of a scenario, which lasts until end is called. It fails when ctx ends first.
func (t *turns) begin(ctx context.Context, alone bool) (end func(), err error) {
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.changed.Broadcast()
	})
	defer stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.alone || alone && t.running > 0 {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		t.changed.Wait()
	}
	t.running++
	t.alone = alone
	return t.end, nil
}

func (t *turns) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.alone = false
	t.changed.Broadcast()
}
