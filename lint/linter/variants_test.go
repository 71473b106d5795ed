package linter_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

const metadata = `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
`

// write writes the chart app and returns its folder. The other files of the chart are a txtar archive.
func write(t *testing.T, files string) string {
	t.Helper()
	return charttest.Write(t, metadata+files)
}

// failures returns the render failures and schema violations of a chart, each as "file:line:column: message
// (variants)".
func failures(t *testing.T, folder string, options linter.Options) []string {
	t.Helper()
	result, err := linter.Run(context.Background(), []string{folder}, options)
	require.NoError(t, err)
	var found []string
	for _, f := range result.Findings {
		if f.Rule != "render-failure" && f.Rule != "values-schema-violation" {
			continue
		}
		at := strings.TrimPrefix(f.Position.String(), folder+string(filepath.Separator))
		found = append(found, filepath.ToSlash(at)+": "+f.Message+" ("+f.Variants+")")
	}
	return found
}

// failsIf returns the files of a chart whose template fails if a condition is true.
func failsIf(condition string) string {
	return `-- templates/a.yaml --
{{- if ` + condition + ` }}{{ fail "here" }}{{ end }}
-- values.yaml --
size: small
-- values-large.yaml --
size: large
-- ci/tiny-values.yaml --
size: tiny
-- values.schema.json --
{}
`
}

func TestVariantsAreNamed(t *testing.T) {
	t.Parallel()
	const minor = `(.Capabilities.KubeVersion.Minor | int)`
	for _, test := range []struct{ condition, variants string }{
		{`true`, ""},
		{`.Capabilities.APIVersions.Has "policy/v1"`, ""},
		{`.Capabilities.APIVersions.Has "apps/v1/Deployment"`, ""},
		{`not (.Capabilities.APIVersions.Has "policy/v1beta1")`, ""},
		{`eq .Values.size "small"`, "default values"},
		{`eq .Values.size "large"`, "values-large.yaml"},
		{`ne .Values.size "large"`, "default values, ci/tiny-values.yaml"},
		{`ge ` + minor + ` 36`, "Kubernetes 1.36+"},
		{`eq ` + minor + ` 37`, "Kubernetes 1.37"},
		{`lt ` + minor + ` 36`, "Kubernetes 1.34, 1.35"},
		{`or (eq ` + minor + ` 34) (eq ` + minor + ` 36)`, "Kubernetes 1.34, 1.36"},
		{`and (eq .Values.size "large") (ge ` + minor + ` 36)`, "values-large.yaml on Kubernetes 1.36+"},
		{
			`or (eq .Values.size "large") (ge ` + minor + ` 36)`,
			"default values, ci/tiny-values.yaml on Kubernetes 1.36+; values-large.yaml",
		},
		{
			`or (and (eq .Values.size "large") (eq ` + minor + ` 34)) (eq .Values.size "tiny")`,
			"ci/tiny-values.yaml; values-large.yaml on Kubernetes 1.34",
		},
	} {
		t.Run(test.condition, func(t *testing.T) {
			t.Parallel()
			found := failures(t, write(t, failsIf(test.condition)), linter.Options{})
			require.Len(t, found, 1, "equal findings are merged")
			assert.Contains(t, found[0], "("+test.variants+")")
		})
	}
}

func TestKubeVersions(t *testing.T) {
	t.Parallel()
	folder := write(t, failsIf(`hasPrefix "v1.36" .Capabilities.KubeVersion.Version`))
	run := func(options linter.Options) (*linter.Result, string) {
		result, err := linter.Run(context.Background(), []string{folder}, options)
		require.NoError(t, err)
		return result, strings.Join(failures(t, folder, options), "\n")
	}
	result, found := run(linter.Options{})
	assert.Equal(t, chart.KubeVersions(), result.Charts[0].KubeVersions)
	assert.Contains(t, found, "(Kubernetes 1.36)")

	result, found = run(linter.Options{KubeVersions: []string{"1.36.4", "v1.30", "1.36.1", "v1.36.4"}})
	assert.Equal(t, []string{"v1.30", "v1.36.1", "v1.36.4"}, result.Charts[0].KubeVersions, "sorted, without duplicates")
	assert.Contains(t, found, "(Kubernetes 1.36.1+)", "two patches of a minor version are distinguished")

	require.NoError(t, os.WriteFile(filepath.Join(folder, policy.FileName), []byte(`kubeVersions: ["1.36"]`), 0o600))
	result, found = run(linter.Options{})
	assert.Equal(t, []string{"v1.36"}, result.Charts[0].KubeVersions)
	assert.Contains(t, found, "()", "all variants: there is only one version")
	result, _ = run(linter.Options{KubeVersions: []string{"1.35"}})
	assert.Equal(t, []string{"v1.35"}, result.Charts[0].KubeVersions, "options override the configuration")
}

// The kubeVersion of Chart.yaml is checked for each version, even if the chart is rendered once for all.
func TestKubeVersionOfChart(t *testing.T) {
	t.Parallel()
	folder := write(t, "kubeVersion: \">=1.36.0-0\"\n-- values.schema.json --\n{}\n")
	found := failures(t, folder, linter.Options{})
	require.Len(t, found, 1)
	assert.Contains(t, found[0], `Chart.yaml:4:1: the chart's kubeVersion ">=1.36.0-0" excludes`)
	assert.Contains(t, found[0], "(Kubernetes 1.34, 1.35)")
}

// A schema violation is reported in the file that sets the value.
func TestValuesSetsAgainstTheSchema(t *testing.T) {
	t.Parallel()
	folder := write(t, `-- values.schema.json --
{"properties": {
  "replicas": {"type": "integer"}, "name": {"type": "string"},
  "image": {
    "required": ["tag"],
    "properties": {"tag": {"type": "string"}, "pull": {"enum": ["Always"]}},
    "additionalProperties": false
  }
}}
-- values.yaml --
replicas: many
name: 7
image: {tag: "1"}
-- values-bad.yaml --
# comment
image:
  tagg: x
replicas: few
-- values-good.yaml --
replicas: 1
name: app
-- values-null.yaml --
image:
  tag: null
replicas: 1
-- .chartlint.yaml --
valuesSets:
  - name: release
    files: [release.yaml, later.yaml]
    set:
      - image.pull=Never
-- release.yaml --
replicas: none
name: x
-- later.yaml --

replicas: no-one
`)
	given := filepath.Join(t.TempDir(), "given.yaml")
	require.NoError(t, os.WriteFile(given, []byte("image:\n  pull: 1\n"), 0o600))
	assert.ElementsMatch(t, []string{
		`.chartlint.yaml:2:5: image.pull must be one of "Always", not "Never" (release)`,
		`later.yaml:2:11: replicas must be an integer, not the string "no-one" (release)`,
		`values-bad.yaml:3:3: image must not have the key "tagg" (values-bad.yaml)`,
		`values-bad.yaml:4:11: replicas must be an integer, not the string "few" (values-bad.yaml)`,
		`values.yaml:1:11: replicas must be an integer, not the string "many" (default values)`,
		`values.yaml:2:7: name must be a string, not the number 7 (default values, values-bad.yaml, values-null.yaml)`,
		`values.yaml:3:8: image must have the key "tag" (values-null.yaml)`,
		given + `:2:9: image.pull must be one of "Always", not 1 (given.yaml + replicas=2 + name=y)`,
	}, failures(t, folder, linter.Options{
		ValuesSets: []linter.ValuesSet{{Files: []string{given}, Set: []string{"replicas=2", "name=y"}}},
	}))
}

func TestValuesSetsOfArchives(t *testing.T) {
	t.Parallel()
	folder := write(t, failsIf(`eq .Values.size "large"`))
	archive, err := charttest.Package(folder, t.TempDir())
	require.NoError(t, err)
	result, err := linter.Run(context.Background(), []string{archive}, linter.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"default values", "ci/tiny-values.yaml", "values-large.yaml"}, result.Charts[0].ValuesSets)
}

// Values sets are often excluded from the package.
func TestIgnoredValuesSets(t *testing.T) {
	t.Parallel()
	folder := write(t, failsIf(`eq .Values.size "tiny"`)+"-- .helmignore --\nci/\nvalues-*.yaml\n")
	found := failures(t, folder, linter.Options{})
	require.Len(t, found, 1)
	assert.Contains(t, found[0], "(ci/tiny-values.yaml)")
}

func TestValuesSetsAreDeduplicated(t *testing.T) {
	t.Parallel()
	folder := write(t, failsIf(`true`))
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{
		ValuesSets: []linter.ValuesSet{{Files: []string{filepath.Join(folder, "values-large.yaml")}}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"default values", "ci/tiny-values.yaml", "values-large.yaml"}, result.Charts[0].ValuesSets)
}

func TestBrokenValuesSets(t *testing.T) {
	t.Parallel()
	folder := write(t, failsIf(`true`)+"-- values-broken.yaml --\na: 1\nb: [\nc: 2\n-- values-list.yaml --\n- a\n")
	found := strings.Join(failures(t, folder, linter.Options{}), "\n")
	assert.Contains(t, found, "values-broken.yaml:3: ")
	assert.Contains(t, found, "did not find expected ',' or ']' (values-broken.yaml)")
	assert.Contains(t, found, "values-list.yaml: ")
	assert.Contains(t, found, "(default values, ci/tiny-values.yaml, values-large.yaml)")

	for problem, set := range map[string]linter.ValuesSet{
		"open none.yaml:": {Files: []string{"none.yaml"}},
		`"a"`:             {Set: []string{"a"}},
	} {
		_, err := linter.Run(context.Background(), []string{folder}, linter.Options{ValuesSets: []linter.ValuesSet{set}})
		require.ErrorContains(t, err, problem)
	}
}

// Values sets apply to the values, conditions and globals of subcharts as in Helm.
func TestValuesSetsOfSubcharts(t *testing.T) {
	t.Parallel()
	folder := write(t, `dependencies:
  - {name: cache, version: 1.0.0, repository: "", condition: cache.enabled}
-- values.schema.json --
{}
-- values.yaml --
cache: {enabled: false}
-- values-cache.yaml --
cache:
  enabled: true
  size: huge
global:
  zone: 1
-- charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- charts/cache/values.yaml --
size: 1
-- charts/cache/values.schema.json --
{"properties": {"size": {"type": "integer"}, "global": {"properties": {"zone": {"type": "string"}}}}}
-- charts/cache/templates/a.yaml --
{{ fail "is enabled" }}
`)
	found := strings.Join(failures(t, folder, linter.Options{}), "\n")
	assert.Contains(t, found, `values-cache.yaml:3:9: cache.size must be an integer, not the string "huge"`)
	assert.Contains(t, found, `values-cache.yaml:5:9: cache.global.zone must be a string, not the number 1`)
	assert.Contains(t, found, `is enabled (values-cache.yaml)`)
}

func TestSharedConfiguration(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var paths []string
	for _, name := range []string{"a", "b"} {
		path := filepath.Join(folder, name)
		require.NoError(t, txtar.Write(txtar.Parse([]byte(metadata)), path))
		paths = append(paths, path)
	}
	require.NoError(t, os.WriteFile(filepath.Join(paths[1], "values.schema.json"), []byte("{}"), 0o600))
	config := filepath.Join(folder, policy.FileName)
	require.NoError(t, os.WriteFile(config, []byte(`suppressions:
  - {rule: values-schema-missing, reason: One of them has none.}
  - {rule: limits-missing, reason: No one needs it.}
`), 0o600))
	result, err := linter.Run(context.Background(), paths, linter.Options{})
	require.NoError(t, err)
	require.Len(t, result.Findings, 1, "a suppression is unused if no chart needs it, and is reported once")
	assert.Equal(t, "suppression-unused", result.Findings[0].Rule)
	assert.Equal(t, config+":3:5", result.Findings[0].Position.String())

	result, err = linter.Run(context.Background(), paths, linter.Options{BaseVersions: map[string]string{}})
	require.NoError(t, err)
	assert.Empty(t, result.Findings, "another chart, which did not change, may need it")

	require.NoError(t, os.WriteFile(config, []byte("rule: {}"), 0o600))
	_, err = linter.Run(context.Background(), paths, linter.Options{})
	require.ErrorContains(t, err, config+`:1: unknown key "rule"`)
	assert.NotContains(t, err.Error(), "\n", "charts share the configuration, which is reported once")
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	folder := write(t, "-- .chartlint.yaml --\nrules: {values-schema-missing: warning}\n")
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	require.Len(t, result.Findings, 1)
	assert.Equal(t, policy.Warning, result.Findings[0].Severity)
	assert.Contains(t, result.Rules, "values-schema-missing")

	const uncertain = `
-- templates/all.yaml --
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {a: b}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {c: d}}
  template:
    metadata: {labels: {c: d}}
    spec: {containers: [{name: c, image: "i:1"}]}
`
	const others = "limits-missing: off, requests-missing: off, values-schema-missing: off"
	for rules, severity := range map[string]linter.Severity{
		"": linter.Warning, ", selector-matches-no-pod: error": linter.Error,
	} {
		folder := write(t, "-- .chartlint.yaml --\nrules: {"+others+rules+"}"+uncertain)
		result, err = linter.Run(context.Background(), []string{folder}, linter.Options{})
		require.NoError(t, err)
		assert.Equal(t, 1, result.Count(severity), "%s: %v", rules, result.Findings)
	}

	off := write(t, "-- .chartlint.yaml --\nrules: {values-schema-missing: off}\n")
	result, err = linter.Run(context.Background(), []string{off}, linter.Options{})
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
	assert.NotContains(t, result.Rules, "values-schema-missing")

	config := linter.Options{Config: filepath.Join(folder, policy.FileName)}
	result, err = linter.Run(context.Background(), []string{off}, config)
	require.NoError(t, err)
	assert.Len(t, result.Findings, 1, "the option overrides the configuration of the chart")
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	folder := write(t, `-- values.yaml --
replicas: 1
-- values-large.yaml --
replicas: 3
-- ci/same-values.yaml --
replicas: 1
-- values-broken.yaml --
replicas: 1
broken: true
-- templates/a.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: web
          resources: {requests: {cpu: 100m}}
-- templates/b.yaml --
{{ if .Values.broken }}{{ fail "broken" }}{{ end }}
`)
	budgets, err := linter.Budgets(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	require.Len(t, budgets, 3)
	assert.Equal(t, "default values, ci/same-values.yaml", budgets[0].Variants)
	assert.Contains(t, budgets[0].Table, "100m")
	assert.Equal(t, "values-broken.yaml", budgets[1].Variants)
	assert.True(t, budgets[1].Incomplete)
	assert.Equal(t, "values-large.yaml", budgets[2].Variants)
	assert.Contains(t, budgets[2].Table, "300m")
	assert.False(t, budgets[2].Incomplete)
}
