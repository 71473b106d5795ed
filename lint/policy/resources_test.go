package policy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/policy"
)

func loadResources(t *testing.T, resources string) (policy.Resources, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), policy.FileName)
	require.NoError(t, os.WriteFile(file, []byte("resources:\n"+resources), 0o600))
	p, err := policy.Load(file, nil)
	if err != nil {
		return policy.Resources{}, err
	}
	return p.Resources, nil
}

// What a configuration does not say stays as it is by default, down to the single switch.
func TestResourcesKeepDefaults(t *testing.T) {
	t.Parallel()
	got, err := loadResources(t, `
  required:
    init:
      limits: {cpu: false}
  maxLimitRequestRatio: {cpu: 0, ephemeral-storage: 3}
  nodes:
    allocatable: {memory: 16Gi}
`)
	require.NoError(t, err)
	want := policy.DefaultResources()
	want.Required.Init.Limits.CPU = false
	want.MaxLimitRequestRatio = policy.Ratios{"cpu": 0, "memory": 4, "ephemeral-storage": 3}
	want.Nodes.Allocatable = got.Nodes.Allocatable
	assert.Equal(t, want, got)
	memory := got.Nodes.Allocatable["memory"]
	assert.Equal(t, "16Gi", memory.String())
	assert.Equal(t, []string{"memory"}, got.Required.Init.Of("limits"))
	assert.Equal(t, []string{"cpu", "memory"}, got.Required.Init.Of("requests"))
	assert.NotContains(t, policy.DefaultResources().MaxLimitRequestRatio, "ephemeral-storage", "the defaults are no one's to alter")
}

// Every mistake is named at its line. The resources start in line 2.
func TestResourcesRefuseMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ resources, want string }{
		"role":          {"  required: {mian: {}}", ":2: .*mian"},
		"resource":      {"  required: {main: {requests: {cpus: true}}}", ":2: .*cpus"},
		"switch":        {"  required: {main: {requests: {cpu: 1}}}", ":2: want "},
		"ratio":         {"  maxLimitRequestRatio:\n    cpu: 0.5", ":3: the ratio of cpu is 0.5: want 1 or more, or 0 for no maximum"},
		"infinite":      {"  maxLimitRequestRatio:\n    cpu: .inf", ":3: the ratio of cpu is \\+Inf"},
		"no number":     {"  maxLimitRequestRatio:\n    cpu: .nan", ":3: the ratio of cpu is NaN"},
		"quota name":    {"  quota:\n    request.cpu: 4", `:3: "request.cpu" is no quota that can be counted: want pods, requests.NAME`},
		"storage":       {"  quota: {requests.storage: 4}", `:2: "requests.storage" is no quota that can be counted`},
		"quantity":      {"  quota:\n    pods: many", `:3: "many" is no quantity: want a number with a unit`},
		"negative":      {"  quota:\n    pods: -1", `:3: "-1" is no quantity`},
		"endless":       {"  nodes:\n    allocatable: {cpu: 1e2147483647}", `:3: "1e2147483647" is no quantity`},
		"nodes":         {"  nodes: {count: -1}", ":2: want "},
		"nodes key":     {"  nodes: {number: 1}", ":2: .*number"},
		"no path":       {"  customResources:\n    - {apiVersion: a/v1, kind: A}", ":3: a custom resource has apiVersion, kind and path, and nothing else"},
		"too much":      {"  customResources:\n    - {apiVersion: a/v1, kind: A, path: spec, name: x}", ":3: a custom resource has"},
		"all of them":   {"  quota: {x: 1}\n  nodes: {allocatable: {cpu: x}}", `(?s):2: "x" is no quota.*:3: "x" is no quantity`},
		"not a mapping": {"  quota: [pods]", ":2: want "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadResources(t, test.resources)
			require.Error(t, err)
			assert.Regexp(t, test.want, err.Error())
		})
	}
}

func TestCountsQuota(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cpu", "memory", "pods", "requests.cpu", "limits.memory", "requests.nvidia.com/gpu", "hugepages-2Mi", "count/jobs.batch"} {
		assert.True(t, policy.CountsQuota(name), name)
	}
	for _, name := range []string{"", "requests.", "count/", "requests.storage", "persistentvolumeclaims", "services.loadbalancers"} {
		assert.False(t, policy.CountsQuota(name), name)
	}
}
