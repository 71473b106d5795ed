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

// claim is what says that a run lives: a lock on a file, which the kernel frees when the process is gone, however it ended. It is in a folder of the run, that has
// the run's ID, which is also the name of the cluster that the run makes for itself. So a claim whose lock can be had is of a dead run, and the cluster of
// that name can go, and no other can: a cluster that this user's runs did not make has no claim.
type claim struct {
	id     string
	folder string
	lock   *flock.Flock
}

// newClaim makes the claim of this run.
func newClaim(ctx context.Context) (*claim, error) {
	unlock, err := lockClaims(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	c := &claim{id: newID()}
	if c.folder, err = cacheFolder(filepath.Join("runs", c.id)); err != nil {
		return nil, err
	}
	c.lock = flock.New(filepath.Join(c.folder, "lock"))
	if _, err := c.lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", c.lock.Path(), err)
	}
	return c, nil
}

// lockClaims keeps other runs from making or sweeping claims until it is undone, so that none takes a claim for dead before it is locked.
func lockClaims(ctx context.Context) (unlock func(), err error) {
	folder, err := cacheFolder("runs")
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(folder, "lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// sweep deletes what dead runs left. That some cannot be deleted does not keep this run from starting: it is said, and tried again by the next.
func (c *claim) sweep(ctx context.Context, kind command, progress io.Writer) {
	unlock, err := lockClaims(ctx)
	if err != nil {
		fmt.Fprintf(progress, "what killed runs left is not looked for: %v\n", err)
		return
	}
	defer unlock()
	entries, _ := os.ReadDir(filepath.Dir(c.folder))
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		dead := &claim{id: entry.Name(), folder: filepath.Join(filepath.Dir(c.folder), entry.Name())}
		dead.lock = flock.New(filepath.Join(dead.folder, "lock"))
		if locked, err := dead.lock.TryLock(); err != nil || !locked {
			continue // it lives
		}
		fmt.Fprintf(progress, "deleting what a run left that was killed: the kind cluster %s\n", dead.id)
		err := kind.deleteCluster(ctx, dead.id, filepath.Join(dead.folder, "kubeconfig"))
		if err == nil {
			err = dead.release()
		}
		if err != nil {
			fmt.Fprintf(progress, "the kind cluster %s of a killed run cannot be deleted: %v\n", dead.id, err)
		}
		_ = dead.lock.Unlock()
	}
}

// release gives up the claim, with all that is in its folder.
func (c *claim) release() error {
	err := os.RemoveAll(c.folder)
	_ = c.lock.Unlock()
	return err
}
