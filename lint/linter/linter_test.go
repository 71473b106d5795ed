package linter_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

func TestRunIsDeterministic(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var paths []string
	for _, name := range []string{"b", "a", "c"} {
		path, err := chartutil.Create(name, folder)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	first, err := linter.Run(context.Background(), paths, linter.Options{})
	require.NoError(t, err)
	assert.Equal(t, paths, first.Charts, "the charts are in the order given")
	assert.Len(t, first.Findings, 3*5)
	assert.Equal(t, 3*5, first.Count(rule.Error))
	assert.Zero(t, first.Count(rule.Warning))
	for range 3 {
		again, err := linter.Run(context.Background(), paths, linter.Options{})
		require.NoError(t, err)
		assert.Equal(t, first, again)
	}
	reversed := slices.Clone(paths)
	slices.Reverse(reversed)
	other, err := linter.Run(context.Background(), reversed, linter.Options{})
	require.NoError(t, err)
	assert.Equal(t, first.Findings[:5], other.Findings[10:], "a chart's findings do not depend on its company")
}

func TestRunIsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := linter.Run(ctx, []string{t.TempDir()}, linter.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// The chart of this repository keeps to every rule.
func TestTraderAdminIsClean(t *testing.T) {
	t.Parallel()
	result, err := linter.Run(context.Background(), []string{"../../charts/traderadmin"}, linter.Options{})
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
}

// Breaking it is found, where it was broken.
func TestTraderAdminBroken(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "traderadmin")
	require.NoError(t, os.CopyFS(folder, os.DirFS("../../charts/traderadmin")))
	values := filepath.Join(folder, "values.yaml")
	content, err := os.ReadFile(values)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(values, append(content, "\nreplicaCounts: {}\n"...), 0o600))

	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	require.Len(t, result.Findings, 1)
	assert.Equal(t, "values-schema-violation", result.Findings[0].Rule)
	assert.Equal(t, values, result.Findings[0].Position.File)
	assert.Contains(t, result.Findings[0].Message, `"replicaCounts"`)
	assert.NotZero(t, result.Findings[0].Position.Line)
}
