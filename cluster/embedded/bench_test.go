package embedded

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkReady measures the time until a cluster accepts pods. The binary is built before.
func BenchmarkReady(b *testing.B) {
	_, err := build(b.Context(), os.Stderr)
	require.NoError(b, err)
	for b.Loop() {
		c := New(Options{}, os.Stderr)
		require.NoError(b, c.Start(b.Context()))
		b.StopTimer()
		require.NoError(b, c.Stop())
		b.StartTimer()
	}
}
