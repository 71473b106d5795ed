package rule_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// resourceRules are the rules for requests and limits.
var resourceRules = []string{
	"budget-above-quota", "extended-resource-unequal", "limit-ratio", "limitrange-violated", "limits-missing",
	"pod-above-node", "quantity-invalid", "quantity-suspicious", "request-above-limit", "requests-missing",
}

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-%[1]d}
spec:
  replicas: 2
  template:
    spec:
      initContainers:
        - {name: init, resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 100m, memory: 64Mi}}}
      containers:
        - {name: main, resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 500m, memory: 256Mi}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-%[1]d}
spec: {maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web-%[1]d}}
---
`

const governance = `
apiVersion: v1
kind: LimitRange
metadata: {name: bounds-%[1]d}
spec: {limits: [{type: Container, min: {cpu: 1m}, max: {memory: 1Gi}}, {type: Pod, max: {cpu: 2}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota-%[1]d}
spec: {hard: {pods: 1000000, requests.cpu: 1000000, limits.memory: 1000000Gi}}
---
`

// pass renders a chart with many objects, with a policy that sets a quota and a node size.
func pass(tb testing.TB, templates ...string) rule.Pass {
	tb.Helper()
	folder := tb.TempDir()
	var manifests bytes.Buffer
	for _, t := range templates {
		manifests.WriteString(t)
	}
	const config = `
resources:
  quota: {requests.cpu: 1000000, pods: 1000000}
  nodes: {allocatable: {cpu: 4, memory: 16Gi}}
`
	require.NoError(tb, os.Mkdir(filepath.Join(folder, "templates"), 0o700))
	for name, content := range map[string][]byte{
		"Chart.yaml":             []byte("apiVersion: v2\nname: fixture\nversion: 0.1.0\n"),
		"templates/release.yaml": manifests.Bytes(),
		policy.FileName:          []byte(config),
	} {
		require.NoError(tb, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	p, err := policy.Load(filepath.Join(folder, policy.FileName), nil)
	require.NoError(tb, err)
	c, err := chart.Load(folder)
	require.NoError(tb, err)
	return rule.Pass{Chart: c, Rendered: c.Render(chart.Variant{}), Policy: p, KubeVersion: chart.DefaultKubeVersion}
}

func repeat(template string, n int) string {
	var out bytes.Buffer
	for i := range n {
		fmt.Fprintf(&out, template, i)
	}
	return out.String()
}

// The cost grows linearly with the number of workloads, autoscalers, LimitRanges and ResourceQuotas. The test is not
// parallel, because it measures allocations.
func TestResourceRulesScale(t *testing.T) {
	cost := func(many int) float64 {
		p := pass(t, repeat(workload, many), repeat(governance, many))
		require.Len(t, p.Rendered.Objects, 4*many)
		return testing.AllocsPerRun(1, func() {
			for _, id := range resourceRules {
				assert.Empty(t, rule.Find(id).Run(p), id)
			}
		})
	}
	const times = 8
	assert.Less(t, cost(20*times), 1.5*times*cost(20))
}

func BenchmarkResourceRules(b *testing.B) {
	for _, workloads := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d workloads", workloads), func(b *testing.B) {
			p := pass(b, repeat(workload, workloads), repeat(governance, 1))
			b.ReportAllocs()
			for b.Loop() {
				for _, id := range resourceRules {
					require.Empty(b, rule.Find(id).Run(p))
				}
			}
		})
	}
}
