package report

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/require"
)

// BenchmarkReport compares suites of ever more scenarios that do nothing, with and without a report. B/scenario is what stays allocated at the end.
func BenchmarkReport(b *testing.B) {
	for _, scenarios := range []int{100, 1000} {
		b.Run(fmt.Sprintf("godog/%d", scenarios), func(b *testing.B) {
			for b.Loop() {
				godog.TestSuite{
					Options:             &godog.Options{FeatureContents: []godog.Feature{big(scenarios, false)}, Format: "progress", Output: discard{}, Concurrency: 8},
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

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
