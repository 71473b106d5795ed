package ownership

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// renewals is how often a Lease is renewed per Patience.
const renewals = 6

// leaseName is the name of a run's Lease, and of the namespace that is created for it.
func leaseName(run string) string { return "charts-run-" + run }

// leases returns the client for the namespace of a run's Lease.
func (r *Run) leases(run string) coordination.LeaseInterface {
	namespace := r.options.Namespace
	if namespace == "" {
		namespace = leaseName(run)
	}
	return r.cluster.CoordinationV1().Leases(namespace)
}

// createLease creates the run's Lease, and the namespace for it if the run may create namespaces.
func (r *Run) createLease(ctx context.Context) error {
	labelled := metav1.ObjectMeta{Name: leaseName(r.id), Labels: map[string]string{Label: r.id}}
	if r.options.Namespace == "" {
		namespace := &corev1.Namespace{ObjectMeta: labelled}
		if _, err := r.cluster.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	host, _ := os.Hostname()
	_, err := r.leases(r.id).Create(ctx, &coordinationv1.Lease{
		ObjectMeta: labelled,
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity:       new(fmt.Sprintf("process %d on %s", os.Getpid(), host)),
			LeaseDurationSeconds: new(int32(r.options.Patience.Seconds())),
			AcquireTime:          new(metav1.NowMicro()),
			RenewTime:            new(metav1.NowMicro()),
		},
	}, metav1.CreateOptions{})
	if err != nil && r.options.Namespace == "" {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, r.deleteLease(undo, r.id))
	}
	return err
}

// renewLease renews the run's Lease until ctx ends. It returns an error if the Lease is gone. Other errors are ignored:
// they pass, or other requests report them.
func (r *Run) renewLease(ctx context.Context) error {
	ticker := time.NewTicker(r.options.Patience / renewals)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		patch := fmt.Appendf(nil, `{"spec":{"renewTime":%q}}`, time.Now().UTC().Format(metav1.RFC3339Micro))
		_, err := r.leases(r.id).Patch(ctx, leaseName(r.id), types.MergePatchType, patch, metav1.PatchOptions{})
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("the Lease of this run was deleted: another run considered this one dead and deleted its "+
				"objects; do not trust the results, and check whether this run was suspended for longer than %s",
				r.options.Patience)
		}
	}
}

// leaseState is the state of a run's Lease. It is the zero value if there is no Lease.
type leaseState struct {
	version string // changes with each renewal
	holder  string
}

func (r *Run) readLease(ctx context.Context, run string) (leaseState, error) {
	lease, err := r.leases(run).Get(ctx, leaseName(run), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return leaseState{}, nil
	case err != nil:
		return leaseState{}, fmt.Errorf("read the Lease of run %s: %w", run, err)
	case lease.Spec.HolderIdentity == nil:
		return leaseState{version: lease.ResourceVersion}, nil
	}
	return leaseState{lease.ResourceVersion, *lease.Spec.HolderIdentity}, nil
}

// deleteLease deletes the Lease of a run, with the namespace that was created for it.
func (r *Run) deleteLease(ctx context.Context, run string) error {
	var err error
	if r.options.Namespace == "" {
		err = r.cluster.CoreV1().Namespaces().Delete(ctx, leaseName(run), metav1.DeleteOptions{})
	} else {
		err = r.leases(run).Delete(ctx, leaseName(run), metav1.DeleteOptions{})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the Lease of run %s: %w", run, err)
	}
	return nil
}
