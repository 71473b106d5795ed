package existing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// The directories of runs are in the system's temporary directory and have these prefixes. A directory is renamed once
// it is locked, so that no other run finds it before.
const (
	newPrefix = "charts-new-"
	runPrefix = "charts-run-"
)

// runDir is the private directory of a run. The run holds a lock on it, which the kernel releases when the process
// ends, however it ends. If another run can acquire the lock, the run is dead.
type runDir struct {
	path string
	lock *flock.Flock
}

// newRunDir creates the directory of this run, and removes those of dead runs of the same user.
func newRunDir(progress io.Writer) (*runDir, error) {
	sweepRunDirs(progress)
	created, err := os.MkdirTemp("", newPrefix) // with mode 0700
	if err != nil {
		return nil, err
	}
	lock := lockOf(created)
	if _, err := lock.TryLock(); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", created, err), os.Remove(created))
	}
	name := runPrefix + strings.TrimPrefix(filepath.Base(created), newPrefix)
	dir := &runDir{filepath.Join(filepath.Dir(created), name), lock}
	if err := os.Rename(created, dir.path); err != nil {
		return nil, errors.Join(err, lock.Unlock(), os.Remove(created))
	}
	return dir, nil
}

// lockOf returns the lock of a directory, which needs no file in it.
func lockOf(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }

// sweepRunDirs removes the directories of dead runs. It reports failures to progress; the next run retries.
func sweepRunDirs(progress io.Writer) {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), runPrefix+"*")) // the pattern is valid
	for _, path := range found {
		dead := runDir{path, lockOf(path)}
		if locked, err := dead.lock.TryLock(); err != nil || !locked {
			continue // its run is alive, it belongs to another user, or it has just been removed
		}
		fmt.Fprintf(progress, "deleting the files of a killed run: %s\n", path)
		if err := dead.remove(); err != nil {
			fmt.Fprintf(progress, "cannot delete the files of a killed run: %v\n", err)
		}
	}
}

// remove removes the directory and everything in it.
func (d *runDir) remove() error { return errors.Join(os.RemoveAll(d.path), d.lock.Unlock()) }
