//go:build unix

package linter_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
)

// BenchmarkCorpus compares the CPU time of the linter with that of helm lint --strict over the charts in the folder
// $CORPUS, all in one process. Both lint each chart with each of its values sets: helm lint once for each. Charts that
// cannot be loaded are left out.
func BenchmarkCorpus(b *testing.B) {
	charts := corpus(b)
	var helm, helmOnce, one, all, longest time.Duration
	var slowest string
	for b.Loop() {
		for _, path := range charts {
			helmOnce += cpuTime(func() { charttest.HelmLint(path, "") })
			helm += cpuTime(func() {
				for _, set := range valuesFiles(b, path) {
					charttest.HelmLint(path, set)
				}
			})
			one += cpuTime(func() { lintChart(b, path, chart.DefaultKubeVersion) })
			took := cpuTime(func() { lintChart(b, path, chart.KubeVersions()...) })
			if all += took; took > longest {
				longest, slowest = took, path
			}
		}
	}
	b.Logf("%d charts; the slowest is %s", len(charts), slowest)
	n := float64(b.N)
	b.ReportMetric(helmOnce.Seconds()/n, "helm-default-values-s")
	b.ReportMetric(helm.Seconds()/n, "helm-s")
	b.ReportMetric(one.Seconds()/n, "one-version-s")
	b.ReportMetric(all.Seconds()/n, "four-versions-s")
	b.ReportMetric(one.Seconds()/helm.Seconds(), "one-version/helm")
	b.ReportMetric(all.Seconds()/helm.Seconds(), "four-versions/helm")
	b.ReportMetric(longest.Seconds(), "slowest-s")
}

// valuesFiles returns the files of a chart's values sets; "" for the default values.
func valuesFiles(b *testing.B, path string) []string {
	b.Helper()
	c, err := chart.Load(path)
	require.NoError(b, err)
	sets, err := c.ValuesSets()
	require.NoError(b, err)
	files := []string{""}
	for _, set := range sets {
		files = append(files, filepath.Join(path, set.Name()))
	}
	return files
}

// corpus returns the charts in $CORPUS that are in no other chart.
func corpus(b *testing.B) []string {
	b.Helper()
	folder := os.Getenv("CORPUS")
	if folder == "" {
		b.Skip("no charts: CORPUS=FOLDER names their folder")
	}
	var charts []string
	require.NoError(b, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if _, err := chart.Load(path); err != nil {
			return nil //nolint:nilerr // a folder that is no chart
		}
		if only := os.Getenv("CORPUS_CHART"); strings.Contains(path, only) {
			charts = append(charts, path)
		}
		return filepath.SkipDir
	}))
	return charts
}

func lintChart(b *testing.B, path string, versions ...string) {
	b.Helper()
	_, err := linter.Run(context.Background(), []string{path}, linter.Options{KubeVersions: versions})
	require.NoError(b, err)
}

// cpuTime returns the CPU time that the process takes for do.
func cpuTime(do func()) time.Duration {
	before := usage()
	do()
	return usage() - before
}

func usage() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
