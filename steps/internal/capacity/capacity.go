// Package capacity shares out what the nodes of a cluster have for pods among users who run side by side, so that nobody's pods wait on the scheduler for those of somebody else.
//
// A user reserves before it sends objects, waits for its turn where there is no room, and gives all of it back when its pods are gone. Who comes first is served first: a
// small user does not overtake a large one, which would then never be served.
package capacity

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Capacity is what the nodes have for the pods of a run. It is safe for concurrent use.
type Capacity struct {
	measure func(context.Context) (Amount, error)

	mu       sync.Mutex
	measured bool
	size     Amount
	free     Amount // less than nothing where more was taken than there was
	queue    []*claim
	holders  int // shares that are not empty
}

// claim waits for a part of the capacity.
type claim struct {
	share   *Share
	more    Amount
	granted chan struct{} // closed once it is
}

// New returns a capacity of which measure says, when it is first needed, how large it is.
func New(measure func(context.Context) (Amount, error)) *Capacity { return &Capacity{measure: measure} }

// Share returns a part of it, empty as yet, for one user, who does one thing after the other, and says whether it will update what it made.
func (all *Capacity) Share(updates bool) *Share {
	return &Share{capacity: all, updates: updates, workloads: map[id]workload{}}
}

// Share is what one user holds of it.
type Share struct {
	capacity  *Capacity
	updates   bool
	workloads map[id]workload // that the user sent
	held      Amount          // the capacity's lock guards it
}

// Reserve returns when the share is enough for the pods of objects that are about to be created or updated, beside those that the user sent before. The first time it waits until others
// have given back what is missing; later, as two who hold something might wait for each other, it takes more than there is, and pods wait for each other as on any full cluster. Pods
// of which the nodes could not hold one take nothing: they will not be scheduled.
//
// Its error says that the capacity could not be measured, or why ctx ended, which ends the wait.
func (s *Share) Reserve(ctx context.Context, objects []*unstructured.Unstructured) error {
	sent := workloads(objects)
	if len(sent) == 0 {
		return nil
	}
	if err := s.capacity.ensureMeasured(ctx); err != nil {
		return fmt.Errorf("see what the nodes have room for: %w", err)
	}
	for id, w := range sent {
		s.workloads[id] = w.after(s.workloads[id], s.updates)
	}
	var needed Amount
	for _, w := range s.workloads {
		if w.pod.fits(s.capacity.size) {
			needed = needed.plus(w.most)
		}
	}
	return s.capacity.take(ctx, s, needed)
}

// Return gives the share back. Call it when the user's pods are gone.
func (s *Share) Return() {
	s.capacity.mu.Lock()
	defer s.capacity.mu.Unlock()
	s.capacity.free = s.capacity.free.plus(s.held)
	s.empty()
}

// Keep says that the user's pods stay, and nobody gives back what they take.
func (s *Share) Keep() {
	s.capacity.mu.Lock()
	defer s.capacity.mu.Unlock()
	s.empty()
}

func (s *Share) empty() {
	if s.held != (Amount{}) {
		s.capacity.holders--
	}
	s.held = Amount{}
	s.capacity.serve()
}

func (all *Capacity) ensureMeasured(ctx context.Context) (err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.measured {
		return nil
	}
	if all.size, err = all.measure(ctx); err != nil {
		return err
	}
	all.free, all.measured = all.size, true
	return nil
}

// take has the share hold what is needed, and no less than before.
func (all *Capacity) take(ctx context.Context, s *Share, needed Amount) error {
	all.mu.Lock()
	more := needed.minus(s.held).max(Amount{})
	if more == (Amount{}) {
		all.mu.Unlock()
		return nil
	}
	if s.held != (Amount{}) {
		all.grant(s, more)
		all.mu.Unlock()
		return nil
	}
	c := &claim{share: s, more: more, granted: make(chan struct{})}
	all.queue = append(all.queue, c)
	all.serve()
	all.mu.Unlock()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.queue = slices.DeleteFunc(all.queue, func(waiting *claim) bool { return waiting == c })
	all.serve() // those who waited behind it
	return context.Cause(ctx)
}

// serve grants the claims whose turn it is, in their order. Where nobody holds a share, nobody will give anything back, and the first gets more than there is.
func (all *Capacity) serve() {
	for len(all.queue) > 0 && (all.holders == 0 || all.queue[0].more.fits(all.free)) {
		first := all.queue[0]
		all.queue = all.queue[1:]
		all.grant(first.share, first.more)
		close(first.granted)
	}
}

func (all *Capacity) grant(s *Share, more Amount) {
	if s.held == (Amount{}) {
		all.holders++
	}
	s.held = s.held.plus(more)
	all.free = all.free.minus(more)
}
