package steps

import "sync"

// turns lets scenarios run side by side, and those that ask for it alone. Who wants to be alone waits until nobody runs, and keeps nobody waiting meanwhile: while a few of
// many scenarios waited for each other's ends, the cluster would do nothing. It comes to an end, as scenarios do.
type turns struct {
	mu      sync.Mutex
	changed sync.Cond
	running int
	alone   bool // the one that runs is
}

func newTurns() *turns {
	t := new(turns)
	t.changed.L = &t.mu
	return t
}

// begin waits for the turn of a scenario, which lasts until end is called.
func (t *turns) begin(alone bool) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.alone || alone && t.running > 0 {
		t.changed.Wait()
	}
	t.running++
	t.alone = alone
	return t.end
}

func (t *turns) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.alone = false
	t.changed.Broadcast()
}
