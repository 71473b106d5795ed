package linter_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
)

const twoPods = `
-- values.schema.json --
{}
-- values-large.yaml --
a: 1
-- templates/pods.yaml --
{{- range list "a" "b" }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ . }}
spec:
  initContainers: [{name: setup, image: "i:1", resources: &r {requests: &q {cpu: 1, memory: 1Gi}, limits: *q}}]
  containers: [{name: main, image: "i:1", resources: *r}]
{{- end }}
`

// podName reports the name of each pod.
var podName = linter.Rule{
	ID: "acme/pod-name", Title: "Pods are not called so", Why: "Somebody wants it.", Severity: linter.Warning,
	Check: func(p *linter.Pass) {
		for _, o := range p.Objects {
			p.Report(o.Get("metadata", "name"), "bad name "+o.Name, "Rename it.")
		}
	},
}

func runRule(t *testing.T, rule linter.Rule, files string) []linter.Finding {
	t.Helper()
	result, err := linter.Run(context.Background(), []string{write(t, files)}, linter.Options{Rules: []linter.Rule{rule}})
	require.NoError(t, err)
	assert.Contains(t, result.Rules, rule.ID)
	require.NotNil(t, result.Rule(rule.ID))
	assert.Equal(t, rule.Title, result.Rule(rule.ID).Title)
	return result.Findings
}

func TestOwnRuleReports(t *testing.T) {
	t.Parallel()
	found := runRule(t, podName, twoPods)
	require.Len(t, found, 2)
	for i, name := range []string{"a", "b"} {
		f := found[i]
		assert.Equal(t, "acme/pod-name", f.Rule)
		assert.Equal(t, linter.Warning, f.Severity)
		assert.Equal(t, "bad name "+name, f.Message)
		assert.Equal(t, "Pod/"+name, f.Object)
		assert.Empty(t, f.Variants, "all variants have it, so it is one finding")
		assert.Equal(t, "pods.yaml", filepath.Base(f.Position.File))
		assert.Equal(t, 6, f.Position.Line)
	}
}

func TestOwnRuleIsConfigured(t *testing.T) {
	t.Parallel()
	found := runRule(t, podName, twoPods+`-- .chartlint.yaml --
rules: {acme/pod-name: info}
suppressions: [{rule: acme/pod-name, object: Pod/a, reason: It is the first.}]
`)
	require.Len(t, found, 1)
	assert.Equal(t, linter.Info, found[0].Severity)
	assert.Equal(t, "Pod/b", found[0].Object)

	folder := write(t, twoPods+"-- .chartlint.yaml --\nrules: {acme/pod-name: off}\n")
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{Rules: []linter.Rule{podName}})
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
	assert.NotContains(t, result.Rules, podName.ID)

	_, err = linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.ErrorContains(t, err, `"acme/pod-name"`, "without the rule, the configuration names an unknown one")
}

func TestOwnRuleSeesEachVariant(t *testing.T) {
	t.Parallel()
	type variant struct{ valuesSet, kubeVersion string }
	var mu sync.Mutex
	seen := map[variant]int{}
	found := runRule(t, linter.Rule{ID: "own", Check: func(p *linter.Pass) {
		mu.Lock()
		defer mu.Unlock()
		seen[variant{p.ValuesSet, p.KubeVersion}]++
		assert.Equal(t, "app", p.ChartName)
		assert.Equal(t, "0.1.0", p.ChartVersion)
		assert.FileExists(t, filepath.Join(p.ChartPath, "Chart.yaml"))
		if p.ValuesSet == "values-large.yaml" && p.KubeVersion == "v1.36.0" {
			p.Report(linter.Node{}, "bad chart", "Mend it.")
		}
	}}, twoPods)
	assert.Len(t, seen, 2*4)
	for v, n := range seen {
		assert.Equal(t, 1, n, v)
	}
	require.Len(t, found, 1)
	assert.Equal(t, linter.Error, found[0].Severity, "the default")
	assert.Equal(t, "values-large.yaml on Kubernetes 1.36", found[0].Variants)
	assert.Empty(t, found[0].Position, "the finding is about the chart")
}

func TestOwnRuleReadsObjects(t *testing.T) {
	t.Parallel()
	passes := make(chan *linter.Pass, 2*4) // values sets and Kubernetes versions
	runRule(t, linter.Rule{ID: "own", Check: func(p *linter.Pass) { passes <- p }}, twoPods)
	objects := (<-passes).Objects
	require.Len(t, objects, 2)
	pod := objects[0]
	assert.Equal(t, "Pod/a", pod.String())
	assert.Equal(t, "v1", pod.APIVersion)
	require.Len(t, pod.Containers(), 2)
	assert.Equal(t, `init container "setup" of Pod/a`, pod.Containers()[0].String())
	main := pod.Containers()[1]
	assert.Equal(t, "1Gi", main.Get("resources", "limits", "memory").Text())
	assert.False(t, main.Get("ports").Exists())
	assert.Equal(t, main.Get("resources").Position(), main.Closest("resources", "claims").Position())

	var entries []string
	for key, value := range main.Get("resources", "requests").Entries() {
		entries = append(entries, key+"="+value.Text())
	}
	assert.Equal(t, []string{"cpu=1", "memory=1Gi"}, entries)
	var names []string
	for item := range pod.Get("spec", "containers").Items() {
		names = append(names, item.Get("name").Text())
	}
	assert.Equal(t, []string{"main"}, names)
	var metadata struct{ Name string }
	require.NoError(t, pod.Get("metadata").Decode(&metadata))
	assert.Equal(t, "a", metadata.Name)
}

func TestOwnRuleIsRefused(t *testing.T) {
	t.Parallel()
	check := func(*linter.Pass) {}
	for name, test := range map[string]struct {
		rules []linter.Rule
		want  string
	}{
		"no ID":        {[]linter.Rule{{Check: check}}, `invalid rule ID ""`},
		"invalid ID":   {[]linter.Rule{{ID: "My rule", Check: check}}, `invalid rule ID "My rule"`},
		"built-in":     {[]linter.Rule{{ID: "limits-missing", Check: check}}, `"limits-missing" is taken`},
		"kube-score's": {[]linter.Rule{{ID: "kube-score/own", Check: check}}, `"kube-score/own" is taken`},
		"twice":        {[]linter.Rule{{ID: "own", Check: check}, {ID: "own", Check: check}}, `"own" is taken`},
		"no check":     {[]linter.Rule{{ID: "own"}}, `"own" has no Check`},
	} {
		_, err := linter.Run(context.Background(), nil, linter.Options{Rules: test.rules})
		require.ErrorContains(t, err, test.want, name)
	}
}

func TestOwnRulePanics(t *testing.T) {
	t.Parallel()
	path := write(t, twoPods)
	_, err := linter.Run(context.Background(), []string{path}, linter.Options{Rules: []linter.Rule{{
		ID: "acme/careless", Check: func(p *linter.Pass) { _ = p.Objects[2] },
	}}})
	require.ErrorContains(t, err, "lint "+path+": panic: rule acme/careless: ")
	require.ErrorContains(t, err, "rule_test.go:", "the stack shows the line")
}

// A module that imports lint/linter alone can name every type that it needs.
func TestOwnRuleOfAnotherModule(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs go vet")
	}
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	folder := t.TempDir()
	copyFile := func(name string) {
		content, err := os.ReadFile(filepath.Join(repository, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	run := func(args ...string) {
		command := exec.Command("go", args...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		require.NoError(t, err, "go %q: %s", args, output)
	}
	copyFile("go.mod") // so that go.mod needs no updates
	copyFile("go.sum")
	const module = "github.com/traderadmin/charts"
	run("mod", "edit", "-module=example.com/own", "-require="+module+"@v0.0.0", "-replace="+module+"="+repository)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "own.go"), []byte(`package own

import (
	"context"

	"`+module+`/lint/linter"
)

func lint(path string) (*linter.Result, error) {
	return linter.Run(context.Background(), []string{path}, linter.Options{
		Rules: []linter.Rule{{ID: "own", Severity: linter.Warning, Check: check}},
	})
}

func check(p *linter.Pass) {
	for _, o := range p.Objects {
		for _, c := range o.Containers() {
			report(p, o, c, c.Get("image"))
		}
	}
}

func report(p *linter.Pass, o *linter.Object, c linter.Container, at linter.Node) {
	var position linter.Position = at.Position()
	p.Report(at, position.String()+c.String()+o.String(), "Mend it.")
}

func severities(findings []linter.Finding) map[linter.Severity]linter.Value {
	found := map[linter.Severity]linter.Value{}
	for _, f := range findings {
		found[f.Severity] = f.Value
	}
	return found
}

var (
	_ linter.ValuesSet
	_ = lint
	_ = severities
)
`), 0o600))
	run("vet", "-mod=mod", ".")
}
