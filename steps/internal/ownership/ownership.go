// Package ownership keeps apart what several runs make on a cluster that outlives them.
//
// All that a run makes has the label Label with the run's ID. While it goes on, the run renews a Lease. Another run that finds that label watches the
// Lease: when it is not renewed for as long as Patience, by the watcher's own clock, the run is dead, and what it made is taken away. No two
// clocks are compared, so none need agree. The Lease is made before everything else and deleted after it: what has the label of a run without
// a Lease is left too.
//
// A run that is stopped for longer than Patience, as a laptop that sleeps is, is taken for dead by those that go on.
package ownership

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Label is on everything that a run made, with the run's ID.
const Label = "charts.traderadmin/run"

// Patience is how long a Lease must go without being renewed until its run is dead. It is renewed six times in that time.
const Patience = 30 * time.Second

// Options say how a run shares its cluster.
type Options struct {
	// Namespace is the only one that the run may use; it was there before and stays. "" leaves it to the run to make namespaces: one
	// for its Lease, and those of its scenarios.
	Namespace string
	// TakeAway takes away what the run of this ID made in Namespace, except for its Lease. It is not used where Namespace is "".
	TakeAway func(ctx context.Context, run string) error
	// Progress is told what is found of other runs.
	Progress io.Writer
	// Patience is the constant of that name if it is 0.
	Patience time.Duration
}

// Run is a run that goes on.
type Run struct {
	id      string
	options Options
	cluster kubernetes.Interface
	objects dynamic.Interface

	stop     context.CancelFunc
	renewing sync.WaitGroup
	lost     error // read when it renews no more
	sweeping chan error
}

// Begin makes the Lease of the run id and renews it until End. What dead runs left is taken away meanwhile; where there is one namespace for all, before Begin returns,
// which fails when a living run uses it.
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
	if err := r.makeLease(ctx); err != nil {
		return nil, fmt.Errorf("make the Lease that says that this run goes on: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.renewing.Go(func() { r.renew(background) })
	r.sweeping = make(chan error, 1)
	if r.options.Namespace != "" {
		r.sweeping <- nil
	} else {
		go func() {
			err := r.sweep(ctx)
			if ctx.Err() != nil {
				err = nil // a run that is told to end leaves the rest to the next
			}
			r.sweeping <- err
		}()
	}
	return r, nil
}

// Sweep takes away what dead runs left, and returns when it is gone.
func Sweep(ctx context.Context, config *rest.Config, options Options) error {
	r, err := newRun(config, "", options)
	if err != nil {
		return err
	}
	if options.Namespace != "" {
		return r.sweepNamespace(ctx)
	}
	return r.sweep(ctx)
}

func newRun(config *rest.Config, id string, options Options) (*Run, error) {
	if options.Patience == 0 {
		options.Patience = Patience
	}
	r := &Run{id: id, options: options}
	var err error
	if r.cluster, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	r.objects, err = dynamic.NewForConfig(config)
	return r, err
}

// End takes away what the run made and has not taken away itself, waits until it is gone, and lets the Lease go last. It also
// waits for the sweep of what dead runs left. A second End does nothing.
func (r *Run) End() error {
	if r.stop == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute+r.options.Patience)
	defer cancel()
	failed := []error{r.takeAway(ctx, r.id), <-r.sweeping}
	r.stop()
	r.stop = nil
	r.renewing.Wait()
	failed = append(failed, r.lost, r.dropLease(ctx, r.id))
	return errors.Join(failed...)
}

// leaseName is that of the Lease of a run, and of the namespace it is in where the run may make one.
func leaseName(run string) string { return "charts-run-" + run }

func (r *Run) leaseNamespace(run string) string {
	if r.options.Namespace != "" {
		return r.options.Namespace
	}
	return leaseName(run)
}

func (r *Run) makeLease(ctx context.Context) error {
	labels := map[string]string{Label: r.id}
	if r.options.Namespace == "" {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: leaseName(r.id), Labels: labels}}
		if _, err := r.cluster.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	host, _ := os.Hostname()
	holder, seconds := fmt.Sprintf("process %d on %s", os.Getpid(), host), int32(r.options.Patience.Seconds())
	_, err := r.cluster.CoordinationV1().Leases(r.leaseNamespace(r.id)).Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: leaseName(r.id), Labels: labels},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: &seconds,
			AcquireTime: new(metav1.NowMicro()), RenewTime: new(metav1.NowMicro()),
		},
	}, metav1.CreateOptions{})
	if err != nil && r.options.Namespace == "" {
		err = errors.Join(err, r.dropLease(context.WithoutCancel(ctx), r.id))
	}
	return err
}

// renew says again and again that the run goes on, until ctx ends.
func (r *Run) renew(ctx context.Context) {
	const times = 6
	every := time.NewTicker(r.options.Patience / times)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		now := fmt.Sprintf(`{"spec":{"renewTime":%q}}`, time.Now().UTC().Format(metav1.RFC3339Micro))
		_, err := r.cluster.CoordinationV1().Leases(r.leaseNamespace(r.id)).Patch(ctx, leaseName(r.id), types.MergePatchType, []byte(now), metav1.PatchOptions{})
		if apierrors.IsNotFound(err) { // any other error may pass, or is what everything else fails of, too
			r.lost = fmt.Errorf("the Lease of this run is gone: another run took it for dead, and deletes what it made. Was it stopped for longer than %s?", r.options.Patience)
			return
		}
	}
}

// dropLease deletes the Lease of a run, with the namespace that was made for it.
func (r *Run) dropLease(ctx context.Context, run string) error {
	var err error
	if r.options.Namespace == "" {
		err = r.cluster.CoreV1().Namespaces().Delete(ctx, leaseName(run), metav1.DeleteOptions{})
	} else {
		err = r.cluster.CoordinationV1().Leases(r.options.Namespace).Delete(ctx, leaseName(run), metav1.DeleteOptions{})
	}
	if err == nil || apierrors.IsNotFound(err) {
		return r.awaitGone(ctx, run)
	}
	return fmt.Errorf("delete the Lease of the run %s: %w", run, err)
}
