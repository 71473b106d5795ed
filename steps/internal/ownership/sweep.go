package ownership

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

// sweepCluster deletes the objects of dead runs in the whole cluster. Namespaces that are being deleted already are
// ignored.
func (r *Run) sweepCluster(ctx context.Context) error {
	namespaces, err := r.cluster.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: Label})
	if err != nil {
		return fmt.Errorf("list the namespaces of other runs: %w", err)
	}
	runs := sets.New[string]()
	for _, namespace := range namespaces.Items {
		if run := namespace.Labels[Label]; run != r.id && namespace.DeletionTimestamp == nil {
			runs.Insert(run)
		}
	}
	_, err = r.deleteDead(ctx, runs)
	return err
}

// sweepNamespace deletes the objects of dead runs in the shared namespace. It fails if the namespace is in use by
// another run.
func (r *Run) sweepNamespace(ctx context.Context) error {
	shared := r.options.Namespace
	leases, err := r.cluster.CoordinationV1().Leases(shared).List(ctx, metav1.ListOptions{LabelSelector: Label})
	if err != nil {
		return fmt.Errorf("list the Leases of other runs in namespace %s: %w", shared, err)
	}
	runs := sets.New[string]()
	for _, lease := range leases.Items {
		runs.Insert(lease.Labels[Label])
	}
	alive, err := r.deleteDead(ctx, runs)
	for _, run := range slices.Sorted(maps.Keys(alive)) {
		inUse := fmt.Errorf("namespace %s is in use by run %s (%s); wait until that run ends, or use another namespace",
			shared, run, alive[run].holder)
		err = errors.Join(err, inUse)
	}
	return err
}

// deleteDead finds out which of the runs are dead, which takes Patience, deletes their objects, and waits until they
// are gone. It returns the Leases of the runs that are alive, by run.
func (r *Run) deleteDead(ctx context.Context, runs sets.Set[string]) (alive map[string]leaseState, err error) {
	if runs.Len() == 0 {
		return nil, nil
	}
	dead, alive, err := r.classify(ctx, sets.List(runs))
	errs := []error{err}
	var deleted []string
	for _, run := range slices.Sorted(maps.Keys(dead)) {
		holder := ""
		if dead[run].holder != "" {
			holder = " (" + dead[run].holder + ")"
		}
		fmt.Fprintf(r.options.Progress, "cleaning up after a dead run: %s%s\n", run, holder)
		err := r.deleteObjects(ctx, run)
		if err == nil {
			err = r.deleteLease(ctx, run)
		}
		if err == nil {
			deleted = append(deleted, run)
		}
		errs = append(errs, err)
	}
	errs = append(errs, r.awaitGone(ctx, deleted...))
	return alive, errors.Join(errs...)
}

// classify reads the Leases of runs twice, Patience apart. A run is dead if its Lease is the same, or missing, both
// times, and alive if its Lease was renewed. A run whose Lease was deleted in the meantime has ended, and is neither.
func (r *Run) classify(ctx context.Context, runs []string) (dead, alive map[string]leaseState, err error) {
	before := map[string]leaseState{}
	for _, run := range runs {
		if before[run], err = r.readLease(ctx, run); err != nil {
			return nil, nil, err
		}
	}
	patience := r.options.Patience
	fmt.Fprintf(r.options.Progress, "found objects of other runs; waiting %s to see which runs are alive\n", patience)
	select {
	case <-time.After(patience):
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("%w while waiting to see whether other runs are alive: %q", context.Cause(ctx), runs)
	}
	dead, alive = map[string]leaseState{}, map[string]leaseState{}
	var errs []error
	for _, run := range runs {
		now, err := r.readLease(ctx, run)
		switch {
		case err != nil:
			errs = append(errs, err)
		case now == before[run]:
			dead[run] = now
		case now != leaseState{}:
			alive[run] = now
		}
	}
	return dead, alive, errors.Join(errs...)
}
