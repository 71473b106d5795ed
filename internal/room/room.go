// Package room shares out what the nodes of a cluster have for pods among users who run side by side, so that nobody's pods wait on the scheduler for those of somebody else.
//
// A user reserves before it sends objects, waits for its turn where there is no room, and gives all of it back when its pods are gone. Who comes first is served first: a
// small user does not overtake a large one, which would then never be served.
package room

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Room is what the nodes have for the pods of a run. It is safe for concurrent use.
type Room struct {
	measure func(context.Context) (Amount, error)

	mu       sync.Mutex
	measured bool
	size     Amount
	free     Amount // less than nothing where more was taken than there was
	queue    []*claim
	holders  int // shares that are not empty
}

// claim waits for more of the room.
type claim struct {
	share   *Share
	more    Amount
	granted chan struct{} // closed once it is
}

// New returns a room of which measure says, when it is first needed, how large it is.
func New(measure func(context.Context) (Amount, error)) *Room { return &Room{measure: measure} }

// Share returns a part of the room, empty as yet, for one user, who does one thing after the other.
func (r *Room) Share() *Share { return &Share{room: r, workloads: map[id]workload{}} }

// Share is what one user holds of a room.
type Share struct {
	room      *Room
	workloads map[id]workload // that the user sent
	held      Amount          // the room's lock guards it
}

// Reserve returns when the share is enough for the pods of objects that are about to be created or updated, beside those that the user sent before. It waits until others give
// back what is missing. When nobody could, because all who hold a share wait for more, or nobody holds one, it takes more than there is, and pods wait for each other as on any
// full cluster. Pods of which the whole room could not hold one take nothing: they will not be scheduled.
//
// Its error says that the room could not be measured, or why ctx ended, which ends the wait.
func (s *Share) Reserve(ctx context.Context, objects []*unstructured.Unstructured) error {
	sent := workloads(objects)
	if len(sent) == 0 {
		return nil
	}
	if err := s.room.ensureMeasured(ctx); err != nil {
		return fmt.Errorf("see how much room the nodes have: %w", err)
	}
	for id, w := range sent {
		s.workloads[id] = w.after(s.workloads[id])
	}
	var needed Amount
	for _, w := range s.workloads {
		if w.pod.fits(s.room.size) {
			needed = needed.plus(w.most)
		}
	}
	return s.room.take(ctx, s, needed)
}

// Return gives the share back. Call it when the user's pods are gone.
func (s *Share) Return() {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.room.free = s.room.free.plus(s.held)
	s.empty()
}

// Keep says that the user's pods stay, and nobody gives back what they take.
func (s *Share) Keep() {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.empty()
}

func (s *Share) empty() {
	if s.held != (Amount{}) {
		s.room.holders--
	}
	s.held = Amount{}
	s.room.serve()
}

func (r *Room) ensureMeasured(ctx context.Context) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.measured {
		return nil
	}
	if r.size, err = r.measure(ctx); err != nil {
		return err
	}
	r.free, r.measured = r.size, true
	return nil
}

// take has the share hold what is needed, and no less than before.
func (r *Room) take(ctx context.Context, s *Share, needed Amount) error {
	r.mu.Lock()
	more := needed.minus(s.held).max(Amount{})
	if more == (Amount{}) {
		r.mu.Unlock()
		return nil
	}
	c := &claim{share: s, more: more, granted: make(chan struct{})}
	r.queue = append(r.queue, c)
	r.serve()
	r.mu.Unlock()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = slices.DeleteFunc(r.queue, func(waiting *claim) bool { return waiting == c })
	r.serve() // those who waited behind it
	return context.Cause(ctx)
}

// serve grants the claims whose turn it is: of those who hold a share first, as they give nothing back until they have more, then of all others.
func (r *Room) serve() {
	for len(r.queue) > 0 {
		next, growing := r.queue[0], 0
		for _, c := range slices.Backward(r.queue) {
			if c.grows() {
				next = c
				growing++
			}
		}
		if nobodyGivesBack := growing == r.holders; !next.more.fits(r.free) && !nobodyGivesBack {
			return
		}
		r.grant(next)
	}
}

func (c *claim) grows() bool { return c.share.held != (Amount{}) }

func (r *Room) grant(c *claim) {
	if !c.grows() {
		r.holders++
	}
	c.share.held = c.share.held.plus(c.more)
	r.free = r.free.minus(c.more)
	r.queue = slices.DeleteFunc(r.queue, func(waiting *claim) bool { return waiting == c })
	close(c.granted)
}
