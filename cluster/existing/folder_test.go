package existing

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A dead run's folder goes with the next run, and a living one's stays.
func TestTheFolderOfADeadRunIsTakenAway(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	said := new(bytes.Buffer)
	living, err := newFolder(said)
	require.NoError(t, err)
	killed, err := newFolder(said)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(killed.path, "values.yaml"), nil, 0o600))
	assert.Empty(t, said.String(), "both live")

	require.NoError(t, killed.lock.Unlock()) // as the kernel does
	next, err := newFolder(said)
	require.NoError(t, err)

	assert.Equal(t, "deleting the files that a run left that was killed: "+killed.path+"\n", said.String())
	assert.NoDirExists(t, killed.path)
	assert.DirExists(t, living.path)
	require.NoError(t, living.remove())
	require.NoError(t, next.remove())
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, left)
}
