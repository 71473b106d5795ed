package report

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/require"
)

// BenchmarkReport compares suites of trivial scenarios with and without a report. B/scenario is the memory that stays
// allocated after the run.
func BenchmarkReport(b *testing.B) {
	for _, scenarios := range []int{100, 1000} {
		b.Run(fmt.Sprintf("godog/%d", scenarios), func(b *testing.B) {
			for b.Loop() {
				godog.TestSuite{
					Options: &godog.Options{
						FeatureContents: []godog.Feature{big(scenarios, false)}, Format: "progress", Output: io.Discard,
						Concurrency: 8,
					},
					ScenarioInitializer: vocabulary,
				}.Run()
			}
		})
		b.Run(fmt.Sprintf("report/%d", scenarios), func(b *testing.B) {
			var kept *Report
			before := heap()
			for b.Loop() {
				kept, _ = suite{features: []godog.Feature{big(scenarios, false)}, concurrency: 8}.run(b, Options{Dir: b.TempDir()})
				require.NoError(b, kept.Write())
			}
			b.ReportMetric(float64(heap()-before)/float64(scenarios), "B/scenario")
			runtime.KeepAlive(kept)
		})
	}
}

// heap returns the number of bytes in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
