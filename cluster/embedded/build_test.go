package embedded

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A time limit that comes during the build says what was being built, how far it was, and how to go on.
func TestABuildThatRunsOutOfTime(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache) // so that there is something to build
	t.Setenv("HOME", cache)
	ctx, end := context.WithCancelCause(t.Context())
	said := atFirst(func() { end(errors.New("the time limit came")) })

	_, err := build(ctx, said)

	require.ErrorContains(t, err, "the time limit came before the build was done (listing the packages after ")
	assert.ErrorContains(t, err, "What is done is kept; to go on from there, give it more time:\n    go test -run TestFeatures -timeout 60m")
}

// atFirst is called when the first line is written, which says what is built.
type atFirst func()

func (call atFirst) Write(line []byte) (int, error) {
	call()
	return len(line), nil
}

func TestTheBuildTellsKubernetesItsVersion(t *testing.T) {
	t.Parallel()
	module, err := controlPlane(t.Context())
	require.NoError(t, err)
	version, err := kubernetesVersion(filepath.Join(module.Folder, "go.mod"))
	require.NoError(t, err)
	assert.Regexp(t, `^v1\.\d+\.\d+$`, version)
	require.Len(t, module.Flags, 1)
	assert.Contains(t, module.Flags[0], "version.gitVersion="+version+" ")

	_, err = kubernetesVersion("../../go.mod")
	assert.ErrorContains(t, err, "../../go.mod does not require k8s.io/kubernetes")
}
