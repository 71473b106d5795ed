package linter_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

func TestPracticesNeedGo(t *testing.T) {
	path, err := charttest.Create("app", t.TempDir())
	require.NoError(t, err)
	t.Setenv("PATH", t.TempDir())

	result, err := linter.Run(context.Background(), []string{path}, linter.Options{Practices: true})
	assert.Nil(t, result)
	require.ErrorContains(t, err, "build the checks of kube-score: ")
	require.ErrorContains(t, err, `exec: "go": executable file not found in $PATH`)

	_, err = linter.Run(context.Background(), []string{path}, linter.Options{})
	assert.NoError(t, err, "without practices, Go is not needed")
}

func TestPracticesOfSeveralCharts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var paths []string
	for _, name := range []string{"a", "b", "c"} {
		path, err := charttest.Create(name, folder)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	result, err := linter.Run(context.Background(), paths, linter.Options{Practices: true, Progress: os.Stderr})
	require.NoError(t, err)
	assert.Contains(t, result.Rules, "kube-score/pod-networkpolicy")
	assert.IsIncreasing(t, result.Rules, "sorted, without duplicates")
	found := map[string]int{}
	for _, f := range result.Findings {
		if rule.IsPractice(f.Rule) {
			found[f.Chart]++
		}
	}
	require.Len(t, found, 3)
	assert.Equal(t, found[paths[0]], found[paths[1]])
	assert.Equal(t, found[paths[0]], found[paths[2]])
}

// A lint, plus one process of Helm 4 for each values set, and for each flag in the chart's documents.
func BenchmarkLintHelm4(b *testing.B) {
	benchmark(b, []string{traderadmin}, linter.Options{Helms: []string{"4"}, Progress: io.Discard})
}

// A lint, plus the start of kube-score's process and its checks.
func BenchmarkLintPractices(b *testing.B) {
	benchmark(b, []string{traderadmin}, linter.Options{Practices: true, Progress: io.Discard})
}
