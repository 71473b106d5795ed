package linter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

const traderadmin = "../../charts/traderadmin"

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		_, err := chart.Load(traderadmin)
		require.NoError(b, err)
	}
}

func BenchmarkRender(b *testing.B) {
	c, err := chart.Load(traderadmin)
	require.NoError(b, err)
	for b.Loop() {
		require.NotEmpty(b, c.Render(chart.Variant{}).Objects)
	}
}

// Positions need a second rendering.
func BenchmarkRenderWithPositions(b *testing.B) {
	c, err := chart.Load(traderadmin)
	require.NoError(b, err)
	for b.Loop() {
		require.NotZero(b, c.Render(chart.Variant{}).Objects[0].Position().Line)
	}
}

// 16 variants: four values sets on four Kubernetes versions.
func BenchmarkLint16Variants(b *testing.B) {
	var options linter.Options
	for i := range 3 {
		file := filepath.Join(b.TempDir(), "values.yaml")
		require.NoError(b, os.WriteFile(file, fmt.Appendf(nil, "replicaCount:\n  goScanner: %d\n", i+1), 0o600))
		options.ValuesSets = append(options.ValuesSets, policy.ValuesSet{Name: fmt.Sprint("set ", i), Files: []string{file}})
	}
	benchmark(b, []string{traderadmin}, options)
}

func BenchmarkLintOnce(b *testing.B) {
	benchmark(b, []string{traderadmin}, linter.Options{KubeVersions: []string{chart.DefaultKubeVersion}})
}

// Helm's starter chart has findings, which need positions.
func BenchmarkLint50Starters(b *testing.B) {
	folder := b.TempDir()
	var paths []string
	for i := range 50 {
		path, err := charttest.Create(fmt.Sprint("starter-", i), folder)
		require.NoError(b, err)
		paths = append(paths, path)
	}
	benchmark(b, paths, linter.Options{})
}

func benchmark(b *testing.B, paths []string, options linter.Options) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		result, err := linter.Run(context.Background(), paths, options)
		require.NoError(b, err)
		require.Len(b, result.Charts, len(paths))
	}
}
