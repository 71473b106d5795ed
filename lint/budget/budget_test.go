package budget_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
	"github.com/traderadmin/charts/lint/budget"
	"github.com/traderadmin/charts/lint/policy"
)

// load renders the chart in an archive, and reads the policy in its .chartlint.yaml if there is one.
func load(t testing.TB, archive *txtar.Archive) ([]*chart.Object, *policy.Policy) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, txtar.Write(archive, folder))
	configured := policy.Default()
	if file := policy.Find(folder); file != "" {
		var err error
		configured, err = policy.Load(file, nil)
		require.NoError(t, err)
	}
	c, err := chart.Load(folder)
	require.NoError(t, err)
	rendered := c.Render(chart.Variant{})
	require.Empty(t, rendered.RenderFailures)
	require.Empty(t, rendered.ManifestFailures)
	return rendered.Objects, configured
}

// release renders a chart with one template.
func release(t testing.TB, template string) ([]*chart.Object, *policy.Policy) {
	t.Helper()
	return load(t, &txtar.Archive{Files: []txtar.File{
		{Name: "Chart.yaml", Data: []byte("apiVersion: v2\nname: fixture\nversion: 0.1.0\n")},
		{Name: "templates/release.yaml", Data: []byte(template)},
	}})
}

// Each archive is a chart, with the table of its budget in budget.txt.
func TestTable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			objects, configured := load(t, archive)
			var out bytes.Buffer
			require.NoError(t, budget.Write(&out, budget.Of(objects, configured.Resources)))
			assert.Equal(t, content(t, archive, "budget.txt"), out.String())
		})
	}
}

func content(t *testing.T, archive *txtar.Archive, name string) string {
	t.Helper()
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	t.Fatalf("the archive has no %s", name)
	return ""
}

func TestWriteFails(t *testing.T) {
	t.Parallel()
	objects, configured := release(t,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: main}]}\n")
	require.ErrorIs(t, budget.Write(full{}, budget.Of(objects, configured.Resources)), errFull)
	require.ErrorIs(t, budget.Write(full{}, budget.Budget{}), errFull)
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

// The rules themselves are tested in internal/workload.
func TestPods(t *testing.T) {
	t.Parallel()
	objects, configured := release(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: main}]}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: default}
spec: {minReplicas: 2, maxReplicas: 6, scaleTargetRef: {kind: Deployment, name: web}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {template: {spec: {containers: [{name: main}]}}}
`)
	configured.Resources.Nodes.Count = 3
	b := budget.Of(objects, configured.Resources)
	require.Len(t, b.Workloads, 2)
	assert.Equal(t, workload.Pods{
		Initial: workload.Scale{Replicas: 2, Surge: 1},
		Peak:    workload.Scale{Replicas: 6, Surge: 2},
	}, b.Workloads[0].Pods)
	assert.Equal(t, workload.Pods{
		Initial: workload.Scale{Replicas: 3},
		Peak:    workload.Scale{Replicas: 3},
	}, b.Workloads[1].Pods)
}

// A pod requests the larger of two amounts: what its main containers and sidecars request together, and what an init
// container requests together with the sidecars started before it. The first case is the example of KEP-753.
func TestPodRequests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spec         string
		cpu, limit   string // of the whole pod
		memory       string
		containerCPU string // of the first container
	}{
		"init containers run one by one": {
			spec: `
  initContainers:
    - {name: a, resources: {requests: {cpu: 2}}}
    - {name: b, resources: {requests: {cpu: 3}}}
  containers:
    - {name: c, resources: {requests: {cpu: 1, memory: 1Gi}}}
    - {name: d, resources: {requests: {cpu: 1, memory: 1Gi}}}`,
			cpu: "3", limit: "0", memory: "2Gi", containerCPU: "2",
		},
		"sidecars keep running": {
			spec: `
  initContainers:
    - {name: before, resources: {requests: {cpu: 2}}}
    - {name: sidecar, restartPolicy: Always, resources: {requests: {cpu: 1}}}
    - {name: beside, resources: {requests: {cpu: 4}}}
  containers:
    - {name: main, resources: {requests: {cpu: 2}}}`,
			cpu: "5", limit: "0", memory: "0", containerCPU: "2",
		},
		"an init container runs without a later sidecar": {
			spec: `
  initContainers:
    - {name: before, resources: {requests: {cpu: 4}}}
    - {name: sidecar, restartPolicy: Always, resources: {requests: {cpu: 1}}}
  containers:
    - {name: main, resources: {requests: {cpu: 2}}}`,
			cpu: "4", limit: "0", memory: "0", containerCPU: "4",
		},
		"a request defaults to the limit": {
			spec: `
  containers:
    - {name: main, resources: {limits: {cpu: 2, memory: 1Gi}, requests: {memory: 1Mi}}}`,
			cpu: "2", limit: "2", memory: "1Mi", containerCPU: "2",
		},
		"pod-level resources": {
			spec: `
  resources: {requests: {cpu: 3}, limits: {cpu: 4, memory: 2Gi}}
  containers:
    - {name: main, resources: {requests: {cpu: 1}, limits: {cpu: 2}}}`,
			cpu: "3", limit: "4", memory: "2Gi", containerCPU: "1",
		},
		"overhead": {
			spec: `
  overhead: {cpu: 250m, memory: 64Mi}
  containers:
    - {name: main, resources: {requests: {cpu: 1, memory: 64Mi}, limits: {cpu: 2}}}`,
			cpu: "1250m", limit: "2250m", memory: "128Mi", containerCPU: "1",
		},
		"invalid quantities are ignored": {
			spec: `
  containers:
    - {name: main, resources: {requests: {cpu: many, memory: 1e2147483647}, limits: {cpu: {}}}}`,
			cpu: "0", limit: "0", memory: "0", containerCPU: "0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, configured := release(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:"+test.spec)
			b := budget.Of(objects, configured.Resources)
			require.Len(t, b.Workloads, 1)
			pod := b.Workloads[0]
			equal(t, test.cpu, pod.Requests, corev1.ResourceCPU)
			equal(t, test.limit, pod.Limits, corev1.ResourceCPU)
			equal(t, test.memory, pod.Requests, corev1.ResourceMemory)
			equal(t, test.containerCPU, pod.Containers[0].Requests, corev1.ResourceCPU)
		})
	}
}

func equal(t *testing.T, want string, list corev1.ResourceList, name corev1.ResourceName) {
	t.Helper()
	got := list[name]
	assert.Zero(t, got.Cmp(resource.MustParse(want)), "%s is %s, want %s", name, &got, want)
}

// The cost must grow linearly with the number of objects.
func BenchmarkOf(b *testing.B) {
	one, err := os.ReadFile("testdata/scaled.txtar")
	require.NoError(b, err)
	archive := txtar.Parse(one)
	for i := range archive.Files {
		if f := &archive.Files[i]; strings.HasPrefix(f.Name, "templates/") {
			f.Data = bytes.Repeat(append(f.Data, "\n---\n"...), 50)
		}
	}
	objects, configured := load(b, archive)
	b.ReportMetric(float64(len(objects)), "objects")
	b.ReportAllocs()
	for b.Loop() {
		budget.Of(objects, configured.Resources)
	}
}
