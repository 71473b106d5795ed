package kind

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// claim shows other runs that a run is alive. It is a lock on a file in the run's directory, which the kernel releases
// when the process ends, however it ends. The ID of a claim is the name of its directory and of the cluster that the
// run creates for itself. If another run can acquire the lock, the run is dead and the cluster with that name can be
// deleted. No other cluster is deleted: a cluster that was not created by this user's runs has no claim.
type claim struct {
	id   string
	dir  string
	lock *flock.Flock
}

// newClaim creates the claim of this run.
func newClaim(ctx context.Context) (*claim, error) {
	unlock, err := lockClaims(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	c := &claim{id: newID()}
	if c.dir, err = cacheDir(filepath.Join("runs", c.id)); err != nil {
		return nil, err
	}
	c.lock = flock.New(filepath.Join(c.dir, "lock"))
	if _, err := c.lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", c.lock.Path(), err)
	}
	return c, nil
}

// lockClaims keeps other runs from creating and sweeping claims until unlock is called. Without it, a run could find a
// new claim that is not locked yet.
func lockClaims(ctx context.Context) (unlock func(), err error) {
	dir, err := cacheDir("runs")
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// sweep deletes the clusters of dead runs. It reports failures to progress; the next run retries.
func (c *claim) sweep(ctx context.Context, kind command, progress io.Writer) {
	unlock, err := lockClaims(ctx)
	if err != nil {
		fmt.Fprintf(progress, "cannot look for clusters of killed runs: %v\n", err)
		return
	}
	defer unlock()
	entries, _ := os.ReadDir(filepath.Dir(c.dir))
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		dead := &claim{id: entry.Name(), dir: filepath.Join(filepath.Dir(c.dir), entry.Name())}
		dead.lock = flock.New(filepath.Join(dead.dir, "lock"))
		if locked, err := dead.lock.TryLock(); err != nil || !locked {
			continue // its run is alive
		}
		fmt.Fprintf(progress, "deleting the kind cluster %s of a killed run\n", dead.id)
		err := kind.deleteCluster(ctx, dead.id, filepath.Join(dead.dir, "kubeconfig"))
		if err == nil {
			err = dead.release()
		}
		if err != nil {
			fmt.Fprintf(progress, "cannot delete the kind cluster %s of a killed run: %v\n", dead.id, err)
		}
		_ = dead.lock.Unlock()
	}
}

// release removes the claim and everything in its directory.
func (c *claim) release() error {
	err := os.RemoveAll(c.dir)
	_ = c.lock.Unlock()
	return err
}
