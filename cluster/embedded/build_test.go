package embedded

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

	_, err = build(ctx, onWrite(func() { end(timeout) }))

	require.ErrorIs(t, err, timeout)
	assert.ErrorContains(t, err, "listing the packages after ")
	assert.ErrorContains(t, err, "go test -run TestFeatures -timeout 60m")
}

// onWrite is called for each line that is written.
type onWrite func()

func (call onWrite) Write(line []byte) (int, error) {
	call()
	return len(line), nil
}

func TestBuildSetsTheKubernetesVersion(t *testing.T) {
	t.Parallel()
	module, err := controlPlane(t.Context())
	require.NoError(t, err)
	version, err := module.Requires("k8s.io/kubernetes")
	require.NoError(t, err)
	assert.Regexp(t, `^v1\.\d+\.\d+$`, version)
	require.Len(t, module.Flags, 1)
	assert.Contains(t, module.Flags[0], "version.gitVersion="+version+" ")

	_, err = module.Requires("example.com/nothing")
	assert.ErrorContains(t, err, "go.mod does not require example.com/nothing")
}
