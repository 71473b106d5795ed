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

// The folders of runs are in the system's folder for temporary files, under these names. One is renamed once it is locked, so that none is found that no run has locked yet.
const (
	unlocked = "charts-new-"
	locked   = "charts-run-"
)

// folder is where a run keeps its files. The run holds a lock on it, which the kernel frees when the process is gone, however it ended: one whose lock can be had is of a
// dead run.
type folder struct {
	path string
	lock *flock.Flock
}

// newFolder makes the folder of this run, and takes away those of this user's dead runs, which it tells progress.
func newFolder(progress io.Writer) (*folder, error) {
	sweepFolders(progress)
	made, err := os.MkdirTemp("", unlocked) // for the user's eyes only
	if err != nil {
		return nil, err
	}
	lock := lockOf(made)
	if _, err := lock.TryLock(); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", made, err), os.Remove(made))
	}
	f := &folder{filepath.Join(filepath.Dir(made), locked+strings.TrimPrefix(filepath.Base(made), unlocked)), lock}
	if err := os.Rename(made, f.path); err != nil {
		return nil, errors.Join(err, lock.Unlock(), os.Remove(made))
	}
	return f, nil
}

// lockOf is the lock on a folder itself, with no file in it.
func lockOf(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }

// sweepFolders takes away the folders of dead runs. That one cannot be taken away does not keep this run from starting: it is said, and tried again by the next.
func sweepFolders(progress io.Writer) {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), locked+"*")) // the pattern is a good one
	for _, path := range found {
		dead := folder{path, lockOf(path)}
		if free, err := dead.lock.TryLock(); err != nil || !free {
			continue // its run lives, is another user's, or has just taken it away
		}
		fmt.Fprintf(progress, "deleting the files that a run left that was killed: %s\n", path)
		if err := dead.remove(); err != nil {
			fmt.Fprintf(progress, "the files of a killed run cannot be deleted: %v\n", err)
		}
	}
}

// remove takes the folder away, with all that is in it.
func (f *folder) remove() error { return errors.Join(os.RemoveAll(f.path), f.lock.Unlock()) }
