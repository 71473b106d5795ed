package embedded

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// From nothing to a cluster that takes pods, with the binary built.
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
