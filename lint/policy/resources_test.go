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
	defaults := policy.DefaultResources().MaxLimitRequestRatio
	assert.NotContains(t, defaults, "ephemeral-storage", "loading does not change the defaults")
}

// The resources start on line 2 of the file.
func TestResourcesNameMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ resources, want string }{
		"role":       {"  required: {mian: {}}", ":2: .*mian"},
		"resource":   {"  required: {main: {requests: {cpus: true}}}", ":2: .*cpus"},
		"switch":     {"  required: {main: {requests: {cpu: 1}}}", ":2: want true or false"},
		"ratio":      {"  maxLimitRequestRatio:\n    cpu: 0.5", ":3: invalid ratio 0.5 of cpu: want at least 1, or 0"},
		"infinite":   {"  maxLimitRequestRatio:\n    cpu: .inf", `:3: invalid ratio \+Inf of cpu`},
		"no number":  {"  maxLimitRequestRatio:\n    cpu: .nan", ":3: invalid ratio NaN of cpu"},
		"quota name": {"  quota:\n    request.cpu: 4", `:3: cannot count the quota "request.cpu": want pods, requests.NAME`},
		"storage":    {"  quota: {requests.storage: 4}", `:2: cannot count the quota "requests.storage"`},
		"quantity":   {"  quota:\n    pods: many", `:3: invalid quantity "many"`},
		"negative":   {"  quota:\n    pods: -1", `:3: invalid quantity "-1"`},
		"endless":    {"  nodes:\n    allocatable: {cpu: 1e2147483647}", `:3: invalid quantity "1e2147483647"`},
		"nodes":      {"  nodes: {count: -1}", ":2: want a whole number"},
		"nodes key":  {"  nodes: {number: 1}", ":2: .*number"},
		"no path":    {"  customResources:\n    - {apiVersion: a/v1, kind: A}", ":3: a custom resource has the keys"},
		"extra key": {
			"  customResources:\n    - {apiVersion: a/v1, kind: A, path: spec, name: x}", ":3: a custom resource has the keys",
		},
		"two mistakes": {
			"  quota: {x: 1}\n  nodes: {allocatable: {cpu: x}}", `(?s):2: cannot count the quota "x".*:3: invalid quantity "x"`,
		},
		"not a mapping": {"  quota: [pods]", ":2: want a map, not a list"},
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
	for _, name := range []string{
		"cpu", "memory", "pods", "requests.cpu", "limits.memory", "requests.nvidia.com/gpu", "hugepages-2Mi",
		"count/jobs.batch",
	} {
		assert.True(t, policy.CountsQuota(name), name)
	}
	for _, name := range []string{
		"", "requests.", "count/", "requests.storage", "persistentvolumeclaims", "services.loadbalancers",
	} {
		assert.False(t, policy.CountsQuota(name), name)
	}
}
