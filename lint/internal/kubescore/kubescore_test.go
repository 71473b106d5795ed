package kubescore_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/internal/kubescore"
	"github.com/traderadmin/charts/lint/rule"
)

var update = flag.Bool("update", false, "write catalog.json")

func start(t *testing.T) *kubescore.Runner {
	t.Helper()
	runner, err := kubescore.Start(context.Background(), os.Stderr) // t.Context ends before the cleanup
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, runner.Close()) })
	return runner
}

func TestCatalogFileIsCurrent(t *testing.T) {
	t.Parallel()
	binary, err := kubescore.Build(t.Context(), os.Stderr)
	require.NoError(t, err)
	want, err := exec.Command(binary, "-checks").Output()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("catalog.json", want, 0o644))
	}
	got, err := os.ReadFile("catalog.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "catalog.json is stale: run go test ./lint/internal/kubescore -update")
}

func TestCoveredChecksHaveRules(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, kubescore.Describe().Covered)
	for check, covering := range kubescore.Describe().Covered {
		assert.NotNil(t, rule.Find(covering), "%s is covered by %s", check, covering)
		assert.Nil(t, rule.Find("kube-score/"+check))
	}
}

const pod = `
# Source: app/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: p}}
spec: {containers: [{name: c, image: "i:1", securityContext: {privileged: true}}]}`

func of(found []kubescore.Finding, check string) []kubescore.Finding {
	var some []kubescore.Finding
	for _, f := range found {
		if f.Check == check {
			some = append(some, f)
		}
	}
	return some
}

func TestFindingsNameTheirManifest(t *testing.T) {
	t.Parallel()
	runner := start(t)
	const wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: none}"
	const unknown = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}"
	found, err := runner.Check([]string{wrong, unknown, "a: [", pod})
	require.NoError(t, err)
	privileged := of(found, "container-security-context-privileged")
	require.Len(t, privileged, 1)
	assert.Equal(t, 3, privileged[0].Manifest)
	assert.Equal(t, kubescore.Critical, privileged[0].Grade)
	assert.Equal(t, "c", privileged[0].Path)
	assert.NotEmpty(t, privileged[0].Summary)
	assert.NotEmpty(t, privileged[0].Description)
	for _, f := range found {
		assert.Equal(t, 3, f.Manifest, "%v", f)
	}

	found, err = runner.Check([]string{})
	require.NoError(t, err)
	assert.Empty(t, found)
	found, err = runner.Check([]string{pod})
	require.NoError(t, err)
	require.Len(t, of(found, "container-security-context-privileged"), 1)
	assert.Zero(t, of(found, "container-security-context-privileged")[0].Manifest, "each release is checked alone")
}

// A check that returns an error does not stop the others.
func TestFailedCheckIsAFinding(t *testing.T) {
	t.Parallel()
	const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 2
  selector: {matchLabels: {app: d}}
  template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: "i:1"}]}}`
	const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: b}
spec: {minAvailable: 1, selector: {matchExpressions: [{key: app, operator: Is, values: [d]}]}}`
	found, err := start(t).Check([]string{deployment, budget})
	require.NoError(t, err)
	failed := of(found, "deployment-has-poddisruptionbudget")
	require.Len(t, failed, 1)
	assert.Equal(t, kubescore.Failed, failed[0].Grade)
	assert.Contains(t, failed[0].Description, `"Is" is not a valid label selector operator`)
	assert.NotEmpty(t, of(found, "deployment-has-host-podantiaffinity"))
}

func TestAnnotationsSelectChecks(t *testing.T) {
	t.Parallel()
	const ignored = `
apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {kube-score/ignore: container-security-context-privileged}}
spec: {containers: [{name: c, image: "i:1", securityContext: {privileged: true}}]}`
	found, err := start(t).Check([]string{ignored})
	require.NoError(t, err)
	assert.Empty(t, of(found, "container-security-context-privileged"))
	assert.NotEmpty(t, found)
}

func TestStartWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := kubescore.Start(t.Context(), os.Stderr)
	require.ErrorContains(t, err, "build the checks of kube-score: ")
	require.ErrorContains(t, err, `exec: "go": executable file not found`)
}

func TestCheckAfterClose(t *testing.T) {
	t.Parallel()
	runner := start(t)
	require.NoError(t, runner.Close())
	_, err := runner.Check([]string{pod})
	assert.ErrorContains(t, err, "closed")
	assert.NoError(t, runner.Close(), "closing twice is fine")
}
