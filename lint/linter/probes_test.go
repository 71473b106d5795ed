package linter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

// Two branches of the chart are broken, and one of them only if another switch is on. The third would be broken without
// a value that users have to fill in.
func TestProbes(t *testing.T) {
	t.Parallel()
	result, err := linter.Run(context.Background(), []string{"testdata/dormant"}, linter.Options{})
	require.NoError(t, err)
	found := map[string]string{}
	for _, f := range result.Findings {
		if f.Rule != "values-schema-missing" {
			found[f.Object+" "+f.Rule] = f.Probe.Flags + "|" + f.Probe.MadeUp
		}
	}
	assert.Equal(t, map[string]string{
		"ConfigMap/tls manifest-type-wrong":      "--set metrics.enabled=true --set metrics.tls.enabled=true|",
		"ConfigMap/extra manifest-type-wrong":    `--set-string 'annotations.example\.com/sample=true'|annotations`,
		"Service/metrics manifest-field-missing": "--set metrics.enabled=true|",
	}, found)
}

func TestProbesOff(t *testing.T) {
	t.Parallel()
	result, err := linter.Run(context.Background(), []string{"testdata/dormant"}, linter.Options{Probes: policy.NoProbes})
	require.NoError(t, err)
	for _, f := range result.Findings {
		assert.Equal(t, "values-schema-missing", f.Rule)
	}
}
