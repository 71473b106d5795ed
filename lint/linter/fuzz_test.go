package linter_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
)

// The other files of the charts. They give every rule something to check.
const (
	fuzzedSchema = `{"properties": {"a": {
  "type": "object", "additionalProperties": false, "properties": {"b": {"type": "integer"}}
}}}`
	fuzzedTemplate = `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {{ toJson (.Values.labels | default dict) }}}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec: {{- toYaml .Values.spec | nindent 6 }}
`
)

// FuzzValues lints a chart with arbitrary values, in values.yaml and in a values set.
func FuzzValues(f *testing.F) {
	addFixtures(f, func(name string) bool { return strings.HasSuffix(name, "values.yaml") })
	f.Fuzz(func(t *testing.T, values []byte) {
		lintFuzzed(t, map[string][]byte{
			"values.yaml": values, "values.schema.json": []byte(fuzzedSchema), "templates/a.yaml": []byte(fuzzedTemplate),
		})
		lintFuzzed(t, map[string][]byte{"values-a.yaml": values, "templates/a.yaml": []byte(fuzzedTemplate)})
	})
}

// FuzzTemplate lints a chart with an arbitrary template.
func FuzzTemplate(f *testing.F) {
	addFixtures(f, func(name string) bool { return strings.HasPrefix(name, "templates/") })
	f.Fuzz(func(t *testing.T, template []byte) {
		if endless.Match(template) || len(calls.FindAll(template, -1)) > 1 {
			t.Skip("the template may not terminate; only the command has a watchdog")
		}
		lintFuzzed(t, map[string][]byte{
			"values.yaml": []byte("a: {b: 1}\nlist: [1, {x: y}]\n"), "templates/a.yaml": template,
		})
	})
}

// Templates that may not terminate, or are slow: those with large numbers, cryptography, or more than one call.
var (
	endless = regexp.MustCompile(
		`[0-9_]{4}|[0-9][eEpPxXoO]|until|seq|repeat|gen[A-Z]|derive|bcrypt|htpasswd|AES|set|regex|Regex`)
	calls = regexp.MustCompile(`include|template|tpl|block|range`)
)

// addFixtures adds the files of the rules' fixtures whose names match.
func addFixtures(f *testing.F, matches func(name string) bool) {
	f.Helper()
	fixtures, err := filepath.Glob("../rule/testdata/*/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, fixtures)
	for _, fixture := range fixtures {
		archive, err := txtar.ParseFile(fixture)
		require.NoError(f, err)
		for _, file := range archive.Files {
			if matches(file.Name) {
				f.Add(file.Data)
			}
		}
	}
}

// lintFuzzed lints a chart of files. The chart may be rejected, but the linter must not panic.
func lintFuzzed(t *testing.T, files map[string][]byte) {
	t.Helper()
	folder := t.TempDir()
	files["Chart.yaml"] = []byte("apiVersion: v2\nname: app\nversion: 0.1.0\n")
	require.NoError(t, os.Mkdir(filepath.Join(folder, "templates"), 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{KubeVersions: []string{"1.37"}})
	if err != nil {
		require.NotContains(t, err.Error(), "lint "+folder+": panic: ")
		return
	}
	for _, finding := range result.Findings {
		require.NotEmpty(t, finding.Position.File, "%s: %s", finding.Rule, finding.Message)
		require.FileExists(t, finding.Position.File)
	}
}
