package embedded

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/controlplane"
)

func TestStartRefusesAVersionThatItCannotEmulate(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.20", "1.35.1", "latest"} {
		err := New(Options{Kubernetes: version}, os.Stderr).Start(t.Context())
		require.ErrorContains(t, err, version)
		assert.ErrorContains(t, err, "1.34, 1.35, 1.36")
	}
}

func TestOldestVersion(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	own, err := controlplane.Versions(t.Context())
	require.NoError(t, err)
	c := New(Options{Kubernetes: own[0]}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	info, err := clientOf(t, c.Config()).Discovery().ServerVersion()
	require.NoError(t, err)
	assert.Equal(t, own[0], info.EmulationMajor+"."+info.EmulationMinor)
	s := storage{t, clientOf(t, c.Config()), "default"}
	s.claim("", "ReadWriteOnce")
	s.pod()
	s.awaitPod("data")
}
