package existing

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run removes the directories of dead runs, and leaves those of running ones.
func TestDirOfADeadRunIsRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	progress := new(bytes.Buffer)
	running, err := newRunDir(progress)
	require.NoError(t, err)
	killed, err := newRunDir(progress)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(killed.path, "values.yaml"), nil, 0o600))
	assert.Empty(t, progress.String(), "both run")

	require.NoError(t, killed.lock.Unlock()) // as the kernel does when a process ends
	next, err := newRunDir(progress)
	require.NoError(t, err)

	assert.Contains(t, progress.String(), killed.path)
	assert.NotContains(t, progress.String(), running.path)
	assert.NoDirExists(t, killed.path)
	assert.DirExists(t, running.path)
	require.NoError(t, running.remove())
	require.NoError(t, next.remove())
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, left)
}
