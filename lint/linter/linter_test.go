package linter_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

func TestRunIsDeterministic(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var paths []string
	for _, name := range []string{"b", "a", "c"} {
		path, err := charttest.Create(name, folder)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	run := func(paths []string) *linter.Result {
		result, err := linter.Run(context.Background(), paths, linter.Options{})
		require.NoError(t, err)
		assert.Positive(t, result.Duration)
		result.Duration = 0
		return result
	}
	of := func(result *linter.Result, path string) []linter.Finding {
		return slices.DeleteFunc(slices.Clone(result.Findings), func(f linter.Finding) bool { return f.Chart != path })
	}
	first := run(paths)
	require.Len(t, first.Charts, 3)
	for i, path := range paths {
		assert.Equal(t, path, first.Charts[i].Path, "in the order of the arguments")
		assert.Len(t, of(first, path), len(first.Findings)/3, "each chart has the same findings")
	}
	assert.Equal(t, 3*6, first.Count(linter.Warning))
	for range 3 {
		assert.Equal(t, first, run(paths))
	}
	reversed := slices.Clone(paths)
	slices.Reverse(reversed)
	other := run(reversed)
	assert.Equal(t, of(first, paths[0]), of(other, paths[0]), "independent of the order")
}

func TestRunCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := linter.Run(ctx, []string{t.TempDir()}, linter.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestTraderAdminIsClean(t *testing.T) {
	t.Parallel()
	result, err := linter.Run(context.Background(), []string{"../../charts/traderadmin"}, linter.Options{})
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
}

func TestBrokenTraderAdmin(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "traderadmin")
	require.NoError(t, os.CopyFS(folder, os.DirFS("../../charts/traderadmin")))
	values := filepath.Join(folder, "values.yaml")
	content, err := os.ReadFile(values)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(values, append(content, "\nreplicaCounts: {}\n"...), 0o600))

	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	at := slices.IndexFunc(result.Findings, func(f linter.Finding) bool { return f.Rule == "values-schema-violation" })
	require.GreaterOrEqual(t, at, 0)
	found := result.Findings[at]
	assert.Equal(t, values, found.Position.File)
	assert.Contains(t, found.Message, `"replicaCounts"`)
	assert.NotZero(t, found.Position.Line)
}

// The configuration of the linter is not for users of the chart.
func TestTraderAdminPackageHasNoConfiguration(t *testing.T) {
	t.Parallel()
	loaded, err := chart.Load("../../charts/traderadmin")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join("../../charts/traderadmin", policy.FileName))
	assert.NotNil(t, loaded.File("values.yaml"))
	assert.Nil(t, loaded.File(policy.FileName))
}
