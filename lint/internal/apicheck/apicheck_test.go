package apicheck

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func start(t *testing.T) *Runner {
	t.Helper()
	runner, err := Start(context.Background(), os.Stderr) // t.Context ends before the cleanup
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, runner.Close()) })
	return runner
}

func configMap(name string) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	runner := start(t)
	verdicts, err := runner.Check(Release{KubernetesVersion: "v1.36.4", Namespace: "shop", Objects: []Item{
		{Object: configMap("shop")},
		{Object: configMap("Shop")},
		{Object: configMap("shop"), Previous: configMap("shop")},
		{Object: configMap("Shop"), Previous: configMap("Shop")},
		{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Shop"}},
		{Object: "text"},
	}})
	require.NoError(t, err)
	assert.Equal(t, []Verdict{{}}, verdicts[:1])
	require.Len(t, verdicts[1].Refusals, 1)
	refusal := verdicts[1].Refusals[0]
	assert.Equal(t, "metadata.name", refusal.Field)
	assert.Equal(t, "FieldValueInvalid", refusal.Type)
	assert.Contains(t, refusal.Message, `Invalid value: "Shop": a lowercase RFC 1123 subdomain must`)
	assert.Empty(t, verdicts[2])
	assert.Equal(t, Verdict{NotInstalled: verdicts[1].Refusals}, verdicts[3])
	assert.Equal(t, Verdict{Unknown: true}, verdicts[4])
	require.Len(t, verdicts[5].Refusals, 1)
	assert.Empty(t, verdicts[5].Refusals[0].Field)

	empty, err := runner.Check(Release{KubernetesVersion: "v1.37.0"})
	require.NoError(t, err)
	assert.Empty(t, empty)
}

func TestEmulatedVersions(t *testing.T) {
	t.Parallel()
	runner := &Runner{versions: []string{"1.34", "1.35", "1.36", "1.37"}}
	for version, want := range map[string]string{
		"v1.35.7": "1.35", "1.37": "1.37", "v1.37.2": "1.37", "v1.9.0": "1.34", "1.40": "1.37", "v2.0.0": "1.37",
	} {
		assert.Equal(t, want, runner.emulated(version), version)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	runner := start(t)
	_, err := runner.Check(Release{Objects: []Item{{Object: func() {}}}})
	require.ErrorContains(t, err, "write the objects for the API server's validation: ")

	require.NoError(t, runner.program.Command.Process.Kill())
	_, err = runner.Check(Release{KubernetesVersion: "1.37"})
	require.ErrorContains(t, err, "run the API server's validation: ")
	require.ErrorContains(t, err, "controlplane validate: signal: killed")
	_, again := runner.Check(Release{})
	assert.Equal(t, err, again)
	require.NoError(t, runner.Close(), "Check returned the error")

	closed := start(t)
	require.NoError(t, closed.Close())
	_, err = closed.Check(Release{})
	assert.Equal(t, errClosed, err)
}
