package steps

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
	"github.com/traderadmin/charts/internal/chart/charttest"
)

// shared is the cluster of all tests in this package.
var shared = embeddedtest.New(embedded.Options{CPU: "1000", Memory: "1Ti"})

func TestMain(m *testing.M) { shared.Main(m) }

// newSuite returns a new suite on the shared cluster. It tests Helm's starter chart as the release "shop".
func newSuite(tb testing.TB, change ...func(*Options)) *Suite {
	folder := tb.TempDir()
	_, err := charttest.Create("shop", folder)
	require.NoError(tb, err)
	options := Options{Release: "shop", Chart: "./shop", Namespace: "shop", Dir: folder}
	for _, c := range change {
		c(&options)
	}
	suite, err := NewSuite(shared.Config(tb), options)
	require.NoError(tb, err)
	return suite
}

// write writes a file of the suite's chart.
func write(tb testing.TB, suite *Suite, name, content string) {
	path := filepath.Join(suite.options.Dir, "shop", name)
	require.NoError(tb, os.WriteFile(path, []byte(content), 0o600))
}

// lifeCycle runs the steps that most scenarios have.
func lifeCycle(ctx context.Context, suite *Suite) (err error) {
	s := newScenario(suite.own())
	defer func() {
		if e := cleanUp(s); err == nil {
			err = e
		}
	}()
	workloads := workloadSteps{s.cluster, s.helm}
	for _, step := range []func() error{
		func() error { return s.helm.run(ctx, "install with --set image.tag=1") },
		func() error { return workloads.deploymentsAppear(ctx, "shop", "shop") },
		func() error { return s.helm.run(ctx, "upgrade with --set image.tag=2") },
		func() error { return workloads.podsUseImage(ctx, "shop", "nginx:2") },
		func() error { return s.helm.run(ctx, "uninstall with") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkLifeCycle runs life cycles one after another, and several at once.
func BenchmarkLifeCycle(b *testing.B) {
	suite := newSuite(b)
	require.NoError(b, lifeCycle(b.Context(), suite)) // discovery and schemas, which are cached
	for _, atOnce := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("%d at once", atOnce), func(b *testing.B) {
			var failed atomic.Value
			var left atomic.Int64
			left.Store(int64(b.N))
			var group sync.WaitGroup
			for range atOnce {
				group.Go(func() {
					for left.Add(-1) >= 0 {
						if err := lifeCycle(b.Context(), suite); err != nil {
							failed.Store(err)
						}
					}
				})
			}
			group.Wait()
			if err := failed.Load(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cycles/s")
		})
	}
}
