package apicheck

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkStart measures the start of the process until its first answer. The binary is built before.
func BenchmarkStart(b *testing.B) {
	_, err := Build(b.Context(), os.Stderr)
	require.NoError(b, err)
	for b.Loop() {
		runner, err := Start(context.Background(), os.Stderr)
		require.NoError(b, err)
		_, err = runner.Check(Release{KubernetesVersion: "1.37", Objects: []Item{{Object: configMap("shop")}}})
		require.NoError(b, err)
		require.NoError(b, runner.Close())
	}
}

// BenchmarkBuild measures how long it takes to find the binary in the cache.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		_, err := Build(b.Context(), os.Stderr)
		require.NoError(b, err)
	}
}
