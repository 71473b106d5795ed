package embedded

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/controlplane"
)

// BenchmarkReady measures the time until a cluster accepts pods. The binary is built before.
func BenchmarkReady(b *testing.B) {
	_, err := controlplane.Build(b.Context(), os.Stderr, retry)
	require.NoError(b, err)
	for b.Loop() {
		c := New(Options{}, os.Stderr)
		require.NoError(b, c.Start(b.Context()))
		b.StopTimer()
		require.NoError(b, c.Stop())
		b.StartTimer()
	}
}
