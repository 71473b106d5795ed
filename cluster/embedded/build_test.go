package embedded

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A time limit that comes during the build says how far it was, and how to go on; nothing that looks finished is left.
func TestABuildThatRunsOutOfTime(t *testing.T) {
	t.Setenv("GOCACHE", t.TempDir()) // so that there is something to compile
	source, err := sourceFolder()
	require.NoError(t, err)
	ctx, end := context.WithCancelCause(t.Context())
	progress := newProgress(atPackages(func() { end(errors.New("the time limit came")) }))
	progress.terminal = true // where every package is shown
	folder := t.TempDir()

	err = compile(ctx, source, filepath.Join(folder, "key", "controlplane"), progress)

	require.ErrorContains(t, err, "the time limit came before the build was done (")
	assert.Regexp(t, `\([1-9]\d* of \d{4} packages after \d+s\)`, err.Error())
	assert.ErrorContains(t, err, "go test -run TestFeatures -timeout 60m")
	left, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// atPackages is called when a progress line tells of packages.
type atPackages func()

func (call atPackages) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(" packages, ")) {
		call()
	}
	return len(line), nil
}

func TestABuildThatFailsShowsTheCompilersWords(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module broken\n\ngo 1.26.0\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() { missing() }\n"), 0o600))
	progress := newProgress(&bytes.Buffer{})
	packages, err := listPackages(t.Context(), folder, progress)
	require.NoError(t, err)
	progress.of(packages)

	err = eachLine(goCommand(t.Context(), folder, "build", "-v", "-o", filepath.Join(folder, "out"), "."), progress.packageStarted)

	require.ErrorContains(t, err, "go build -v -o ")
	assert.ErrorContains(t, err, "main.go:3:15: undefined: missing")
}

func TestTheKeyOfABinaryFollowsItsSources(t *testing.T) {
	t.Parallel()
	source, err := sourceFolder()
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(source)))

	before, err := cacheKey(t.Context(), source)
	require.NoError(t, err)
	same, err := cacheKey(t.Context(), folder)
	require.NoError(t, err)
	assert.Equal(t, before, same, "wherever they lie")

	sums, err := os.OpenFile(filepath.Join(folder, "go.sum"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = sums.WriteString("\n")
	require.NoError(t, err)
	require.NoError(t, sums.Close())
	after, err := cacheKey(t.Context(), folder)
	require.NoError(t, err)
	assert.NotEqual(t, before, after)
}

func TestBinariesThatNobodyUsesArePruned(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{"old": unused + time.Hour, "recent": unused - time.Hour} {
		path := filepath.Join(cache, name)
		require.NoError(t, os.Mkdir(path, 0o700))
		then := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, then, then))
	}

	prune(cache)

	assert.NoDirExists(t, filepath.Join(cache, "old"))
	assert.DirExists(t, filepath.Join(cache, "recent"))
}
