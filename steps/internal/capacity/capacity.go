// Package capacity divides the nodes of a cluster among scenarios that run in parallel, so that the pods of one do not
// wait in the scheduler for the pods of another.
//
// A [Capacity] is a weighted semaphore over several resources. A scenario reserves the requests of its pods before it
// sends objects, waits while too little is free, and releases its share once its pods are gone. Requests are served in
// the order in which they arrive. A small request does not overtake a large one, which would starve.
//
// The semaphore is an estimate that keeps the scheduler's queue short; it does not replace the scheduler:
//
//   - It adds up the nodes, and ignores that a pod must fit on one of them.
//   - Only the first reservation of a share waits. Two shares that both hold resources and wait for more would
//     deadlock, so a share that holds some gets more at once, even beyond the capacity.
//   - A request that exceeds the capacity is granted when no other share holds anything.
//   - It counts CPU, memory and pods, and no other resource.
package capacity

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Capacity is the node capacity that the pods of a run share. It is safe for concurrent use.
type Capacity struct {
	measure func(context.Context) (Amount, error)

	mu       sync.Mutex
	measured bool
	size     Amount
	free     Amount // negative while more is reserved than there is
	queue    []*claim
	holders  int // the number of shares that hold something
}

// claim is a request that waits in the queue.
type claim struct {
	share   *Share
	more    Amount
	granted chan struct{} // closed when it is granted
}

// New returns a capacity. It calls measure for its size when it is first needed.
func New(measure func(context.Context) (Amount, error)) *Capacity { return &Capacity{measure: measure} }

// Share returns an empty share for one scenario, whose steps run one after another.
func (c *Capacity) Share() *Share {
	return &Share{capacity: c, demands: map[objectKey]demand{}}
}

// Share is the part of a capacity that one scenario holds. Its methods must not be called concurrently.
type Share struct {
	capacity *Capacity
	updates  bool
	demands  map[objectKey]demand // of the objects that the scenario has sent
	held     Amount               // guarded by capacity.mu
}

// ExpectUpdates makes the first reservation for a workload include the surge of a rolling update. Call it before
// Reserve if the scenario will replace pods.
func (s *Share) ExpectUpdates() { s.updates = true }

// Reserve waits until the share is large enough for the pods of objects that are about to be created or updated, and of
// those that the scenario sent before. Pods that exceed the whole capacity are not counted, because they will never be
// scheduled. It fails if the capacity cannot be measured, or with the cause of ctx when that ends.
func (s *Share) Reserve(ctx context.Context, objects []*unstructured.Unstructured) error {
	demands := demandsOf(objects)
	if len(demands) == 0 {
		return nil
	}
	if err := s.capacity.ensureMeasured(ctx); err != nil {
		return fmt.Errorf("measure the capacity of the nodes: %w", err)
	}
	for key, d := range demands {
		s.demands[key] = d.after(s.demands[key], s.updates)
	}
	var needed Amount
	for _, d := range s.demands {
		if d.pod.fits(s.capacity.size) {
			needed = needed.plus(d.peak)
		}
	}
	return s.capacity.grow(ctx, s, needed)
}

// Release returns the share to the capacity. Call it when the scenario's pods are gone.
func (s *Share) Release() {
	s.capacity.mu.Lock()
	defer s.capacity.mu.Unlock()
	s.capacity.free = s.capacity.free.plus(s.held)
	s.empty()
}

// Keep removes the share from the capacity for good, because the scenario's pods stay.
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

func (c *Capacity) ensureMeasured(ctx context.Context) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.measured {
		return nil
	}
	if c.size, err = c.measure(ctx); err != nil {
		return err
	}
	c.free, c.measured = c.size, true
	return nil
}

// grow enlarges the share to the needed amount. An empty share waits for its turn. Shares never shrink.
func (c *Capacity) grow(ctx context.Context, s *Share, needed Amount) error {
	c.mu.Lock()
	more := needed.minus(s.held).max(Amount{})
	switch {
	case more == Amount{}:
		c.mu.Unlock()
		return nil
	case s.held != Amount{}:
		c.grant(s, more)
		c.mu.Unlock()
		return nil
	}
	waiting := &claim{share: s, more: more, granted: make(chan struct{})}
	c.queue = append(c.queue, waiting)
	c.serve()
	c.mu.Unlock()
	select {
	case <-waiting.granted:
		return nil
	case <-ctx.Done():
		c.leaveQueue(waiting)
		return context.Cause(ctx)
	}
}

// leaveQueue removes a claim from the queue, and serves those behind it.
func (c *Capacity) leaveQueue(leaving *claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = slices.DeleteFunc(c.queue, func(waiting *claim) bool { return waiting == leaving })
	c.serve()
}

// serve grants claims from the front of the queue as long as they fit. If no share holds anything, the first claim is
// granted whatever its size, because nothing will be released.
func (c *Capacity) serve() {
	for len(c.queue) > 0 && (c.holders == 0 || c.queue[0].more.fits(c.free)) {
		first := c.queue[0]
		c.queue = c.queue[1:]
		c.grant(first.share, first.more)
		close(first.granted)
	}
}

func (c *Capacity) grant(s *Share, more Amount) {
	if s.held == (Amount{}) {
		c.holders++
	}
	s.held = s.held.plus(more)
	c.free = c.free.minus(more)
}
