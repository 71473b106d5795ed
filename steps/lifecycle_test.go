package steps

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/traderadmin/charts/cluster/embedded"
)

// newWorld returns a world on a cluster of its own, which tests Helm's starter chart as the release "shop".
func newWorld(tb testing.TB) *World {
	folder := tb.TempDir()
	_, err := chartutil.Create("shop", folder)
	require.NoError(tb, err)
	provider := embedded.New(embedded.Options{CPU: "1000", Memory: "1Ti"}, os.Stderr)
	require.NoError(tb, provider.Start(tb.Context()))
	tb.Cleanup(func() { require.NoError(tb, provider.Stop()) })
	world, err := NewWorld(provider.Config(), Options{
		Release: "shop", Chart: filepath.Join(folder, "shop"), Namespace: "shop",
	})
	require.NoError(tb, err)
	return world
}

// lifeCycle is what most scenarios consist of, in the words that they use.
func lifeCycle(ctx context.Context, world *World) (err error) {
	s := &scenario{world: world, release: world.options.Release, chart: world.options.Chart}
	defer func() {
		if e := s.cleanUp(); err == nil {
			err = e
		}
	}()
	for _, step := range []func() error{
		func() error { return s.runHelm(ctx, "install with --set image.tag=1") },
		func() error { return s.deploymentsAppear(ctx, "shop", "shop") },
		func() error { return s.runHelm(ctx, "upgrade with --set image.tag=2") },
		func() error { return s.podsUseImage(ctx, "shop", "nginx:2") },
		func() error { return s.runHelm(ctx, "uninstall with") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// One life cycle after the other, and several at once: -cpu says how many.
func BenchmarkLifeCycle(b *testing.B) {
	world := newWorld(b)
	require.NoError(b, lifeCycle(b.Context(), world)) // fetches what all share
	for _, sideBySide := range []int{1, 4, 8} {
		b.Run(map[int]string{1: "alone", 4: "4 at once", 8: "8 at once"}[sideBySide], func(b *testing.B) {
			var failed atomic.Value
			b.SetParallelism(sideBySide)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := lifeCycle(b.Context(), world); err != nil {
						failed.Store(err)
					}
				}
			})
			if err := failed.Load(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cycles/s")
		})
	}
}
