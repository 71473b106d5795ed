package generate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
)

// chartWith returns a folder with files, given as a path and a content each.
func chartWith(t *testing.T, files ...string) string {
	t.Helper()
	folder := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(folder, files[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(files[i+1]), 0o600))
	}
	return folder
}

// changesOf returns the mutants of one file, each as its operator and its new text in one line.
func changesOf(t *testing.T, folder, file string) []string {
	t.Helper()
	all, err := Chart(folder)
	require.NoError(t, err)
	var changes []string
	for _, m := range all {
		if m.File == file {
			var words []string
			for line := range strings.Lines(m.New) {
				words = append(words, strings.TrimSpace(line))
			}
			changes = append(changes, m.Operator+": "+strings.Join(words, " "))
		}
	}
	return changes
}

const values = `
image: {a: one, b: two}
probes:
  a: {path: /a, port: 80}
  b: {path: /b, port: 81}
on: true
`

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		template string
		changes  []string
	}{
		"a condition": {"{{- if .Values.on }}\na: 1\n{{- else }}\nb: x\n{{- end }}\n", []string{
			"negated-condition: {{- if not (.Values.on) }}",
			"constant-condition: {{- if true }}", "constant-condition: {{- if false }}",
			"dropped-branch: ",
			"removed-line: ", "changed-number: a: 2", "removed-line: ", "changed-text: b: x-x",
		}},
		"operands": {"{{- if and .Values.on (eq .Values.image.a \"one\") }}{{ end }}", []string{
			"swapped-function: {{- if or .Values.on (eq .Values.image.a \"one\") }}{{ end }}",
			"dropped-operand: {{- if and (eq .Values.image.a \"one\") }}{{ end }}",
			"dropped-operand: {{- if and .Values.on }}{{ end }}",
			"swapped-function: {{- if and .Values.on (ne .Values.image.a \"one\") }}{{ end }}",
			"changed-text: {{- if and .Values.on (eq .Values.image.a \"one-x\") }}{{ end }}",
		}},
		"a pipeline": {`a: {{ .Values.image.a | default "x" | trunc 63 | quote }}`, []string{
			"removed-stage: a: {{ .Values.image.a | trunc 63 | quote }}",
			"removed-stage: a: {{ .Values.image.a | default \"x\" | quote }}",
			"removed-stage: a: {{ .Values.image.a | default \"x\" | trunc 63 }}",
			"swapped-stages: a: {{ .Values.image.a | trunc 63 | default \"x\" | quote }}",
			"swapped-stages: a: {{ .Values.image.a | default \"x\" | quote | trunc 63 }}",
			"always-default: a: {{ \"x\" | trunc 63 | quote }}",
			"changed-number: a: {{ .Values.image.a | default \"x\" | trunc 64 | quote }}",
			"changed-text: a: {{ .Values.image.a | default \"x-x\" | trunc 63 | quote }}",
			"fixed-value: a: {{ \"one\" | default \"x\" | trunc 63 | quote }}",
			"sibling-value: a: {{ .Values.image.b | default \"x\" | trunc 63 | quote }}", "removed-line: ",
		}},
		"a sibling": {"p: {{ int .Values.probes.a.port }}", []string{
			"removed-function: p: {{ .Values.probes.a.port }}", "fixed-value: p: {{ int 80 }}",
			"sibling-value: p: {{ int .Values.probes.b.port }}", "removed-line: ",
		}},
		"scopes": {"{{- range .Values.list }}\n{{ include \"x\" . }}{{ $.Release.Name }}\n{{- end }}", []string{
			"dropped-branch: {{- range list }}", "other-scope: {{ include \"x\" $ }}{{ $.Release.Name }}",
			"other-scope: {{ include \"x\" . }}{{ .Release.Name }}",
			"other-field: {{ include \"x\" . }}{{ $.Chart.Name }}",
		}},
		"indentation": {"a:\n  {{- toYaml .Values | nindent 2 }}\n", []string{
			"removed-function: {{- .Values | nindent 2 }}",
			"indented-less: {{- toYaml .Values | nindent 0 }}", "indented-more: {{- toYaml .Values | nindent 4 }}",
		}},
		"a checksum": {"a: {{ include \"x\" . | sha256sum }}", []string{"constant-checksum: a: {{ \"constant\" }}"}},
		"lines": {"a:\n  - name: x\n    port: 80\n  - y\n# c: d\n", []string{
			"removed-block: ", "changed-text: - name: x-x", "indented-less: port: 80", "changed-number: port: 81",
			"changed-text: - y-x",
		}},
		"quotes, comments and braces": {"{{/* {{ a }} */}}\na: {{ \"}}\" | quote -}}\n", []string{
			"removed-stage: a: {{ \"}}\" -}}", "changed-text: a: {{ \"}}-x\" | quote -}}",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := chartWith(t, "values.yaml", values, "templates/t.yaml", c.template)
			assert.Subset(t, changesOf(t, folder, "templates/t.yaml"), c.changes)
		})
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	folder := chartWith(t, "templates/_h.tpl", `{{ define "labels" }}a{{ end }}{{ define "laggards" }}b{{ end }}`,
		"templates/a.yaml", `{{ include "labels" (dict "root" . "component" "a") }}`+"\n",
		"templates/b.yaml", `{{ include "laggards" (dict "component" "b" "root" $) }}`+"\n")
	assert.Equal(t, []string{
		`removed-output: `,
		`other-template: {{ include "laggards" (dict "root" . "component" "a") }}`,
		`other-argument: {{ include "labels" (dict "root" . "component" "b") }}`,
	}, sorted(changesOf(t, folder, "templates/a.yaml"), "removed", "other-template", "other-argument"))
}

// sorted orders the changes by these prefixes.
func sorted(changes []string, prefixes ...string) []string {
	rank := func(change string) int {
		return slices.IndexFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(change, prefix) })
	}
	slices.SortStableFunc(changes, func(a, b string) int { return rank(a) - rank(b) })
	return changes
}

func TestOtherFiles(t *testing.T) {
	t.Parallel()
	folder := chartWith(t,
		"Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\nappVersion: \"2\"\nkubeVersion: \">=1.30\"\n",
		"values.yaml", "a: true # why\nb:\n  c: [1, x]\n  d:\n    - 500m\n    - name: \"é\"\n      e: ''\nf: {}\n",
		"values.schema.json", "{\n\"type\": \"object\", \"required\": [\"a\"],\n"+
			"\"properties\": {\"a\": {\"description\": \"é\", \"minimum\": 1, \"enum\": [1, 2]}}}\n",
		".helmignore", "# c\n*.tmp")
	assert.Equal(t, []string{
		"changed-metadata: name: x-x", "changed-metadata: version: 1.0.0-x", "removed-metadata: ",
		`changed-metadata: appVersion: "3"`, "removed-metadata: ", `changed-metadata: kubeVersion: ">=1.0.0-0"`,
	}, changesOf(t, folder, "Chart.yaml"))
	assert.Equal(t, []string{
		"default-boolean: a: false # why", "default-number: c: [2, x]", "default-text: c: [1, x-x]", "removed-element: ",
		"default-number: - 501m", "removed-element: ", `default-text: - name: "é-x"`, "default-text: e: 'x'",
	}, changesOf(t, folder, "values.yaml"))
	assert.Equal(t, []string{
		`removed-keyword: "required": ["a"],`,
		`removed-keyword: "type": "object",`,
		`removed-entry: "type": "object", "required": [],`,
		`removed-keyword: "properties": {"a": {"description": "é", "enum": [1, 2]}}}`,
		`shifted-limit: "properties": {"a": {"description": "é", "minimum": 0, "enum": [1, 2]}}}`,
		`shifted-limit: "properties": {"a": {"description": "é", "minimum": 2, "enum": [1, 2]}}}`,
		`removed-keyword: "properties": {"a": {"description": "é", "minimum": 1}}}`,
		`removed-entry: "properties": {"a": {"description": "é", "minimum": 1, "enum": [2]}}}`,
		`removed-entry: "properties": {"a": {"description": "é", "minimum": 1, "enum": [1]}}}`,
	}, changesOf(t, folder, "values.schema.json"))
	assert.Equal(t, []string{
		"ignored-file-packaged: ", "file-not-packaged: *.tmp /values.schema.json",
		"file-not-packaged: *.tmp /values.yaml",
	}, changesOf(t, folder, ".helmignore"))
}

// charts returns charts with mutants of all kinds: that of this repository, and Helm's starter chart.
func charts(t *testing.T) []string {
	t.Helper()
	starter, err := chartutil.Create("web", t.TempDir())
	require.NoError(t, err)
	return []string{"../../../charts/traderadmin", starter}
}

func TestEveryMutantChangesOneFile(t *testing.T) {
	t.Parallel()
	for _, folder := range charts(t) {
		all, err := Chart(folder)
		require.NoError(t, err)
		assert.Greater(t, len(all), 150)
		copied := filepath.Join(t.TempDir(), "copy")
		require.NoError(t, os.CopyFS(copied, os.DirFS(folder)))
		ids := map[string]bool{}
		for _, m := range all {
			assert.False(t, ids[m.ID], "two mutants have the ID %s", m.ID)
			ids[m.ID] = true
			path := filepath.Join(copied, m.File)
			before, err := os.ReadFile(path)
			if !os.IsNotExist(err) {
				require.NoError(t, err)
			}
			require.NoError(t, m.Write(copied))
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			lines := strings.Split(string(before), "\n")
			if strings.Join(lines[m.Line-1:m.EndLine], "\n") != m.Old || !strings.Contains(string(after), m.New) {
				t.Errorf("%s:%d: %s:\n%s", m.File, m.Line, m.ID, m.Diff())
			}
			assert.False(t, bytes.Equal(before, after), m.ID)
			require.NoError(t, os.WriteFile(path, before, 0o600))
		}
	}
}

// TestSubcharts checks that the chart's own subcharts are changed, and those that are downloaded are not.
func TestSubcharts(t *testing.T) {
	t.Parallel()
	folder := chartWith(t,
		"Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies:\n"+
			"  - {name: own, version: 1.0.0, repository: \"file://charts/own\"}\n"+
			"  - {name: other, version: 1.0.0, repository: \"https://charts.example\"}\n",
		"charts/own/values.yaml", "replicas: 2\n", "charts/own/templates/t.yaml", "replicas: {{ .Values.replicas }}\n",
		"charts/own/charts/library/templates/_l.tpl", "{{ define \"l\" }}\na: b\n{{ end }}\n",
		"charts/other/values.yaml", "replicas: 2\n")
	assert.Contains(t, changesOf(t, folder, "charts/own/values.yaml"), "default-number: replicas: 3")
	assert.Contains(t, changesOf(t, folder, "charts/own/templates/t.yaml"), "fixed-value: replicas: {{ 2 }}")
	assert.NotEmpty(t, changesOf(t, folder, "charts/own/charts/library/templates/_l.tpl"))
	assert.Empty(t, changesOf(t, folder, "charts/other/values.yaml"))
}

// TestUnrelatedEdits checks that the IDs of mutants stay the same when other lines change.
func TestUnrelatedEdits(t *testing.T) {
	t.Parallel()
	folder := chartWith(t, "values.yaml", values, "templates/t.yaml", "a: {{ .Values.image.a }}\nb: 2\nb: 2\n")
	edited := chartWith(t, "values.yaml", values,
		"templates/t.yaml", "# new\nc: d\n\na: {{ .Values.image.a }}\nb: 2\nb: 2\n")
	before, err := Chart(folder)
	require.NoError(t, err)
	after, err := Chart(edited)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, m := range after {
		known[m.ID] = true
	}
	for _, m := range before {
		assert.True(t, known[m.ID], "%s: %s", m.ID, m.Diff())
	}
	assert.Greater(t, len(after), len(before))
}

func ExampleChart() {
	folder, _ := os.MkdirTemp("", "chart")
	defer func() { _ = os.RemoveAll(folder) }()
	_ = os.WriteFile(filepath.Join(folder, "values.yaml"), []byte("replicas: 2\n"), 0o600)
	mutants, _ := Chart(folder)
	fmt.Printf("%s in %s:%d\n%s", mutants[0].Operator, mutants[0].File, mutants[0].Line, mutants[0].Diff())
	// Output:
	// default-number in values.yaml:1
	// - replicas: 2
	// + replicas: 3
}
