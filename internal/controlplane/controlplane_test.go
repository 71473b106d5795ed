package controlplane

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterruptedBuildReportsItsProgress(t *testing.T) {
	moduleCache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOMODCACHE", strings.TrimSpace(string(moduleCache)))
	t.Setenv("GOPROXY", "off")
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache) // so that there is something to build
	t.Setenv("HOME", cache)           // for macOS
	ctx, end := context.WithCancelCause(t.Context())
	timeout := errors.New("time limit reached")

	_, err = Build(ctx, onWrite(func() { end(timeout) }), "run it again")

	require.ErrorIs(t, err, timeout)
	assert.ErrorContains(t, err, "listing the packages after ")
	assert.ErrorContains(t, err, "To continue, run it again")
}

// onWrite is called for each line that is written.
type onWrite func()

func (call onWrite) Write(line []byte) (int, error) {
	call()
	return len(line), nil
}

func TestBuildSetsTheKubernetesVersion(t *testing.T) {
	t.Parallel()
	m, err := module(t.Context())
	require.NoError(t, err)
	version, err := m.Requires("k8s.io/kubernetes")
	require.NoError(t, err)
	assert.Regexp(t, `^v1\.\d+\.\d+$`, version)
	require.Len(t, m.Flags, 1)
	assert.Contains(t, m.Flags[0], "version.gitVersion="+version+" ")

	_, err = m.Requires("example.com/nothing")
	assert.ErrorContains(t, err, "go.mod does not require example.com/nothing")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	all, err := versions("v1.37.2")
	require.NoError(t, err)
	assert.Equal(t, []string{"1.34", "1.35", "1.36", "1.37"}, all)

	own, err := Versions(t.Context())
	require.NoError(t, err)
	assert.Len(t, own, emulated+1)
}
