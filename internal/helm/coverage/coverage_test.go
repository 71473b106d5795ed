package coverage

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
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/traderadmin/charts/internal/helm"
)

// render renders the chart in a folder with values, clean and with probes.
func render(t *testing.T, folder string, given map[string]any) (clean, probed map[string]string, c *Coverage) {
	t.Helper()
	c, err := New(folder)
	require.NoError(t, err)
	input := func() *helm.Input { // templates may change the values
		loaded, err := loader.Load(folder)
		require.NoError(t, err)
		if err := chartutil.ProcessDependencies(loaded, given); err != nil {
			t.Skipf("its dependencies cannot be processed: %v", err)
		}
		options := chartutil.ReleaseOptions{Name: "one", Namespace: "two", Revision: 1, IsInstall: true}
		top, err := chartutil.ToRenderValuesWithSchemaValidation(loaded, given, options, nil, true)
		require.NoError(t, err)
		return &helm.Input{Chart: loaded, Given: given, Values: top}
	}
	in := input()
	clean, cleanErr := engine.Render(in.Chart, in.Values)
	in = input()
	p := &probes{reached: map[int]int{}}
	probed, probedErr := engine.RenderWithClientProvider(c.withProbes(in.Chart), in.Values, p)
	assert.Equal(t, cleanErr == nil, probedErr == nil, "clean: %v\nwith probes: %v", cleanErr, probedErr)
	for _, block := range c.executed(p) {
		block.scenarios = []string{"s"}
	}
	return clean, probed, c
}

// TestProbesPrintNothing renders charts with probes and without: those of this repository, and those in the folders of
// $CORPUS, which are separated as in $PATH. Each is rendered with its values and with each of its values files.
func TestProbesPrintNothing(t *testing.T) {
	t.Parallel()
	starter := t.TempDir()
	_, err := chartutil.Create("starter", starter)
	require.NoError(t, err)
	compared, files := 0, 0
	for _, root := range append([]string{"../../..", starter}, filepath.SplitList(os.Getenv("CORPUS"))...) {
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.Name() != "Chart.yaml" {
				return err
			}
			folder := filepath.Dir(path)
			if _, err := loader.Load(folder); err != nil {
				return nil // Helm refuses it
			}
			t.Run(folder, func(t *testing.T) {
				for _, given := range givenTo(t, folder) {
					clean, probed, _ := render(t, folder, given)
					again, _, _ := render(t, folder, given)
					for name, text := range clean {
						if text != again[name] {
							continue // it is drawn at random
						}
						assert.Equal(t, text, probed[name], name)
						files++
					}
				}
				compared++
			})
			return nil
		})
		require.NoError(t, err)
	}
	t.Logf("%d charts render the same with probes: %d files", compared, files)
	assert.Greater(t, compared, 50)
}

// givenTo returns the values to render a chart with: none, and each of its values files.
func givenTo(t *testing.T, folder string) []map[string]any {
	t.Helper()
	all := []map[string]any{{}}
	for _, pattern := range []string{"*values*.yaml", "ci/*values*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			if given, err := chartutil.ReadValuesFile(path); err == nil {
				all = append(all, given)
			}
		}
	}
	return all
}

// chartWith writes a chart with a template and values.
func chartWith(t *testing.T, template, values string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n", "values.yaml": values, "templates/t.yaml": template,
	} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return folder
}

func TestBranches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		template string
		missed   []string
	}{
		"if that is true": {
			"a: {{ if .Values.enabled }}1{{ else }}2{{ end }}\n", []string{":1: else of if .Values.enabled"},
		},
		"if that is false": {"{{- if .Values.disabled }}\na: 1\n{{- end }}\n", []string{":1: if .Values.disabled"}},
		"else if": {
			"{{- if .Values.disabled }}\na: 1\n{{- else if .Values.enabled }}\na: 2\n{{- else }}\na: 3\n{{- end }}\n",
			[]string{":1: if .Values.disabled", ":5: else of if .Values.enabled"},
		},
		"with nothing":         {"{{ with .Values.none }}\na: 1\n{{ end }}", []string{":1: with .Values.none"}},
		"range over nothing":   {"{{ range .Values.none }}\n- 1\n{{ end }}", []string{":1: range .Values.none"}},
		"range over constants": {"{{ range list 1 2 }}\n- {{ . }}\n{{ end }}", nil},
		"range over some": {
			"{{ range .Values.some }}\n- {{ . }}\n{{ end }}", []string{":1: else of range .Values.some"},
		},
		"what is in a missed branch": {
			"{{ if .Values.disabled }}{{ if .Values.enabled }}a: 1{{ end }}{{ end }}", []string{":1: if .Values.disabled"},
		},
		"a named template": {
			"{{ define \"used\" }}a: 1{{ end }}\n{{ define \"unused\" }}b: 2{{ end }}\n{{ include \"used\" . }}\n",
			[]string{`:2: define "unused"`},
		},
		"braces before a branch": {
			"a: {{`{`}}{ {{- if .Values.enabled }}b: 1}{{ end }}\n", []string{":1: else of if .Values.enabled"},
		},
		"a comment and trimming": {"{{/* why */ -}}\n\n  a: {{ .Values.enabled -}}\n  \n", nil},
		"break out of a range": {
			"{{ range .Values.some }}{{ break }}{{ end }}", []string{":1: else of range .Values.some"},
		},
		"an include that is summed": {
			"{{ define \"t\" }}a: 1{{ end }}{{ include \"t\" . | sha256sum }}" +
				"{{ if eq (include \"t\" .) \"a: 1\" }}\na: b{{ end }}",
			[]string{`:1: else of if eq (include "t" .) "a: 1"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := chartWith(t, c.template, "enabled: true\ndisabled: false\nnone: []\nsome: [1, 2]\n")
			clean, probed, coverage := render(t, folder, map[string]any{})
			assert.Equal(t, clean, probed)
			var missed []string
			for _, one := range coverage.Missed() {
				if at, isTemplate := strings.CutPrefix(one, filepath.Join(folder, "templates/t.yaml")); isTemplate {
					missed = append(missed, at)
				}
			}
			assert.Equal(t, c.missed, missed)
		})
	}
}

func TestOperands(t *testing.T) {
	t.Parallel()
	const a, b, c, piped = ".Values.a", ".Values.b", ".Values.c", "the piped value"
	for _, test := range []struct {
		expression, values string
		results            []string
	}{
		{"and .Values.a .Values.b .Values.c", "{}", []string{a}},
		{"and .Values.a .Values.b .Values.c", "{a: 1}", []string{b}},
		{"and .Values.a .Values.b .Values.c", "{a: 1, b: 1}", []string{c}},
		{"or .Values.a .Values.b .Values.c", "{a: 1}", []string{a}},
		{"or .Values.a .Values.b .Values.c", "{b: 1}", []string{b}},
		{"or .Values.a .Values.b .Values.c", "{}", []string{c}},
		{".Values.c | and .Values.a .Values.b", "{a: 1}", []string{b}},
		{".Values.c | or .Values.a .Values.b", "{}", []string{piped}},
		{"default .Values.a .Values.b", "{b: 2}", []string{b}},
		{"default .Values.a .Values.b", "{b: 0}", []string{a}},
		{".Values.b | default .Values.a", "{b: 0}", []string{a}},
		{".Values.b | default .Values.a | quote", "{b: 1}", []string{piped}},
		{"coalesce .Values.a .Values.b .Values.c", "{a: 1, b: 1}", []string{a}},
		{"coalesce .Values.a .Values.b .Values.c", "{b: 1, c: 1}", []string{b}},
		{"coalesce .Values.a .Values.b .Values.c", "{c: 1}", []string{c}},
		{"coalesce .Values.a .Values.b .Values.c", "{a: 1, c: 1}", []string{a}},
		{".Values.c | coalesce .Values.a .Values.b", "{c: 1}", []string{piped}},
		{"ternary .Values.a .Values.b .Values.c", "{c: true}", []string{a}},
		{"ternary .Values.a .Values.b .Values.c", "{c: false}", []string{b}},
		{".Values.c | ternary .Values.a .Values.b", "{c: true}", []string{a}},
		{"and .Values.a (or .Values.b .Values.c)", "{a: 1, b: 1}", []string{b, "or .Values.b .Values.c"}},
		{"(default (dict \"x\" 1) .Values.a).x", "{}", []string{`dict "x" 1`}},
	} {
		folder := chartWith(t, "a: {{ "+test.expression+" }}\nb: {{ if "+test.expression+" }}1{{ end }}\n", test.values)
		clean, probed, coverage := render(t, folder, map[string]any{})
		assert.Equal(t, clean, probed)
		var results []string
		for _, block := range coverage.blocks {
			result, _, isOperand := strings.Cut(block.What, " as the result of ")
			if isOperand && block.Line == 1 && len(block.scenarios) > 0 {
				results = append(results, result)
			}
		}
		assert.Equal(t, test.results, results, "%s with %s", test.expression, test.values)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	folder := chartWith(t, "a: b\n", "enabled: true\ndisabled: false\nname: a\nprobe: {a: 1, b: 2}\n"+
		"service: {port: 80, type: a}\nlabels: {}\npolicy: \"\"\n")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "values.schema.json"), []byte(
		`{"properties": {"policy": {"$ref": "#/$defs/policy"}}, "$defs": {"policy": {"enum": ["", "Always", "Never"]}}}`,
	), 0o600))
	c, err := New(folder)
	require.NoError(t, err)
	given := map[string]any{"enabled": true, "name": "b", "labels": map[string]any{"a": "b"}, "policy": "Never",
		"service": map[string]any{"type": "b"}}
	used := map[string]any{"enabled": true, "disabled": false, "name": "b", "policy": "Never"}
	c.values.add(given, map[string]any{"Values": used})
	path := filepath.Join(folder, "values.yaml")
	assert.Equal(t, []string{
		path + ": no scenario sets disabled", path + ": no scenario sets probe (2 values)",
		path + ": no scenario sets service.port", path + ": enabled is never false",
		path + `: policy is never ""`, path + `: policy is never "Always"`,
	}, c.values.missed(folder))
	set, all := c.values.count()
	assert.Equal(t, []int{5, 9}, []int{set, all})
}

func TestFormats(t *testing.T) {
	t.Parallel()
	folder := chartWith(t, "a: 1\n{{ if .Values.enabled }}\nb: 2\n{{ else }}\nc: 3\n{{ end }}\n", "enabled: true\n")
	_, _, c := render(t, folder, map[string]any{})
	require.NoError(t, c.Write(filepath.Join(folder, "out")))
	for name, want := range map[string]string{
		"coverage.out":  "mode: set\n" + filepath.Join(folder, "templates/t.yaml") + ":1.1,1.5 1 1\n",
		"lcov.info":     "SF:" + filepath.Join(folder, "templates/t.yaml") + "\nDA:1,1\nDA:2,1\nDA:3,1\nDA:5,0\n",
		"cobertura.xml": `<line number="5" hits="0"`,
		"coverage.json": `"else of if .Values.enabled"`,
		"index.html":    `class="missed"`,
	} {
		content, err := os.ReadFile(filepath.Join(folder, "out", name))
		require.NoError(t, err)
		assert.True(t, bytes.Contains(content, []byte(want)), "%s:\n%s", name, content)
	}
}

func ExampleNew() {
	folder, _ := os.MkdirTemp("", "chart")
	defer func() { _ = os.RemoveAll(folder) }()
	_, _ = chartutil.Create("shop", folder)
	c, _ := New(filepath.Join(folder, "shop"))
	fmt.Println(slices.ContainsFunc(c.Missed(), func(missed string) bool {
		return strings.HasSuffix(missed, "templates/ingress.yaml:1: template")
	}))
	// Output: true
}
