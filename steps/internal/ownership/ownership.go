// Package ownership separates the objects of several test runs on a cluster that outlives them, and deletes the objects
// of dead runs.
//
// # Protocol
//
// Every object that a run creates has the label [Label], whose value is the run's ID. Before it creates anything else,
// a run creates a Lease, which it renews six times per Patience. It deletes the Lease after everything else, and keeps
// it if a deletion fails, so that a later sweep finds the run. The Lease is in a namespace of its own, or in the one
// namespace that runs share (Options.Namespace).
//
// A run that finds the label of another run observes that run's Lease. If the Lease is missing, or its resourceVersion
// is the same after Patience, the other run is dead, and its objects are deleted. Patience is measured on the
// observer's clock. Times of different machines are never compared, so their clocks need not agree. Leader election in
// client-go works the same way.
//
// # Guarantees
//
//   - Objects without the label, and those of a run that renews its Lease, are not touched.
//   - The objects of a run that was killed are deleted by the next run.
//   - [Run.Close] and [Sweep] return when their context ends, with an error that names the remaining namespaces.
//
// # Limits
//
//   - A run that is suspended for longer than Patience, on a sleeping laptop for example, is considered dead. Its Close
//     reports that its objects were deleted.
//   - A finalizer can hold a namespace forever. Only the run that requests the deletion waits for it.
//   - Resources that the user may not list are skipped: a run of that user did not create any of them.
//   - Two runs that begin in a shared namespace at the same instant do not notice each other.
package ownership

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Label is on every object that a run creates. Its value is the ID of the run.
const Label = "charts.traderadmin/run"

// Patience is how long a Lease goes without renewal until its run is considered dead.
const Patience = 30 * time.Second

// Options configure how a run shares its cluster with others.
type Options struct {
	// Namespace is the only namespace that the run may use. It must exist, and is kept. If it is empty, the run may create
	// namespaces, and creates one for its Lease.
	Namespace string
	// DeleteObjects deletes everything that the run with this ID created in Namespace, except for its Lease. It is
	// required if Namespace is set, and unused otherwise.
	DeleteObjects func(ctx context.Context, run string) error
	// Progress receives lines about other runs, and about namespaces whose deletion takes long. It is required.
	Progress io.Writer
	// Patience replaces the constant of that name unless it is 0.
	Patience time.Duration
}

// Run is a run that holds its Lease.
type Run struct {
	id      string
	options Options
	cluster kubernetes.Interface
	objects dynamic.Interface

	stopRenewing context.CancelFunc
	renewing     sync.WaitGroup
	lost         error // why the Lease is no longer renewed; read it after renewing.Wait

	cancelSweep context.CancelCauseFunc
	sweeping    sync.WaitGroup
	sweepErr    error // read it after sweeping.Wait

	closing sync.Once
}

// Begin creates the Lease of the run with this ID, and renews it until Close. It deletes the objects of dead runs: in
// the background if the run may create namespaces; in a shared namespace before it returns, and it fails if that
// namespace is in use by another run. When ctx ends, the background deletion ends too, which is no error: the next run
// continues with it.
func Begin(ctx context.Context, config *rest.Config, id string, options Options) (*Run, error) {
	r, err := newRun(config, id, options)
	if err != nil {
		return nil, err
	}
	if r.options.Namespace != "" {
		if err := r.sweepNamespace(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.createLease(ctx); err != nil {
		return nil, fmt.Errorf("create the Lease of this run: %w", err)
	}
	r.startRenewing(ctx)
	if r.options.Namespace == "" {
		r.startSweep(ctx)
	}
	return r, nil
}

// Sweep deletes the objects of dead runs, and waits until they are gone.
func Sweep(ctx context.Context, config *rest.Config, options Options) error {
	r, err := newRun(config, "", options)
	if err != nil {
		return err
	}
	if options.Namespace != "" {
		return r.sweepNamespace(ctx)
	}
	return r.sweepCluster(ctx)
}

func newRun(config *rest.Config, id string, options Options) (*Run, error) {
	if options.Patience == 0 {
		options.Patience = Patience
	}
	options.Progress = &lockedWriter{w: options.Progress}
	r := &Run{id: id, options: options}
	var err error
	if r.cluster, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	r.objects, err = dynamic.NewForConfig(config)
	return r, err
}

// lockedWriter is safe for concurrent use: Close and the background sweep both report progress.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}

func (r *Run) startRenewing(ctx context.Context) {
	// An interrupted run keeps its Lease until it has deleted its objects.
	ctx, r.stopRenewing = context.WithCancel(context.WithoutCancel(ctx))
	r.renewing.Go(func() { r.lost = r.renewLease(ctx) })
}

func (r *Run) startSweep(ctx context.Context) {
	sweepCtx, cancel := context.WithCancelCause(ctx)
	r.cancelSweep = cancel
	r.sweeping.Go(func() {
		if err := r.sweepCluster(sweepCtx); ctx.Err() == nil {
			r.sweepErr = err
		}
	})
}

// Close deletes the objects of the run and its Lease, and waits until they are gone and the objects of dead runs are
// too. If a deletion fails, it keeps the Lease, and does not wait for the objects of the run. When ctx ends first, it
// cancels all of that and returns an error that names the remaining namespaces. Either way, everything that Begin
// started has ended when it returns. A second call does nothing.
func (r *Run) Close(ctx context.Context) (err error) {
	r.closing.Do(func() {
		err = r.deleteObjects(ctx, r.id)
		r.stopRenewing()
		r.renewing.Wait()
		if err == nil {
			err = r.deleteLease(ctx, r.id)
		}
		if err == nil {
			err = r.awaitGone(ctx, r.id)
		}
		err = errors.Join(r.lost, err, r.joinSweep(ctx))
	})
	return err
}

// joinSweep waits for the background sweep, and cancels it when ctx ends.
func (r *Run) joinSweep(ctx context.Context) error {
	if r.cancelSweep == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { r.cancelSweep(context.Cause(ctx)) })()
	r.sweeping.Wait()
	r.cancelSweep(nil)
	return r.sweepErr
}
