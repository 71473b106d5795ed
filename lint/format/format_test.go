package format_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

var update = flag.Bool("update", false, "write testdata/golden")

func at(file string, line, column int) linter.Position {
	return linter.Position{File: filepath.FromSlash(file), Line: line, Column: column}
}

// odd returns a result with everything that is difficult to format.
func odd() *linter.Result {
	return &linter.Result{
		Charts: []linter.Chart{
			{
				Path: "testdata/shop", Name: "shop", Version: "1.2.3",
				ValuesSets: []string{"values.yaml", "values-production.yaml"}, KubeVersions: []string{"v1.36.4", "v1.37.2"},
			},
			{
				Path: "/charts/a b", Name: "a b", Version: "0.1.0",
				ValuesSets: []string{"values.yaml"}, KubeVersions: []string{"v1.37.2"},
			},
			{
				Path: "testdata/clean", Name: "clean", Version: "0.1.0",
				ValuesSets: []string{"values.yaml"}, KubeVersions: []string{"v1.37.2"},
			},
		},
		Rules:    []string{"limits-missing", "request-above-limit", "values-schema-missing"},
		Duration: 1234567 * time.Microsecond,
		Findings: []linter.Finding{
			{ // everything
				Chart: "testdata/shop", Rule: "limits-missing", Severity: linter.Error,
				Position: at("testdata/shop/templates/web.yaml", 4, 3),
				Message:  `container "web" of Deployment/shop has no limits for cpu, memory`, Fix: "Set `resources.limits`.",
				Object: "Deployment/shop", Container: "web", Variants: "values-production.yaml, Kubernetes 1.37+",
				Value: linter.Value{Position: at("testdata/shop/values.yaml", 4, 4), Key: `["箱"].cpu`},
				Probe: linter.Probe{Flags: "--set web.env.SAMPLE=8080", MadeUp: "web.env"}, Count: 2,
			},
			{ // the value is at the position itself
				Chart: "testdata/shop", Rule: "limits-missing", Severity: linter.Error,
				Position: at("testdata/shop/values.yaml", 1, 10),
				Message:  "résumé is 100% wrong: ключ, a|b, <b>bold</b>, *x*, _y_, [z](https://example.com) & `code|`",
				Fix:      "Mend it.",
				Value:    linter.Value{Position: at("testdata/shop/values.yaml", 1, 10), Key: "résumé"},
			},
			{ // tabs
				Chart: "testdata/shop", Rule: "values-schema-missing", Severity: linter.Warning,
				Position: at("testdata/shop/values.yaml", 3, 7),
				Message:  "two\nlines, \x1b[31mred\r\n::error::forged", Fix: "Mend `it.",
			},
			{ // a long line
				Chart: "testdata/shop", Rule: "values-schema-missing", Severity: linter.Warning,
				Position: at("testdata/shop/values.yaml", 5, 308), Message: "far", Fix: "Mend it.",
			},
			{ // no column
				Chart: "testdata/shop", Rule: "request-above-limit", Severity: linter.Info,
				Position: at("testdata/shop/values.yaml", 4, 0), Message: "no column", Fix: "Mend it.", Object: "Pod/x",
			},
			{ // no such line
				Chart: "testdata/shop", Rule: "request-above-limit", Severity: linter.Info,
				Position: at("testdata/shop/values.yaml", 99, 1), Message: "no such line", Fix: "Mend it.",
			},
			{ // no line, an unknown rule, outside the working directory
				Chart: "/charts/a b", Rule: "other-tool", Severity: linter.Warning,
				Position: at("/charts/a b/values,x:y.yaml", 0, 0), Message: "no line", Fix: "Mend it.",
			},
			{ // no file
				Chart: "/charts/a b", Rule: "other-tool", Severity: linter.Error, Message: "no file", Fix: "Mend it.",
			},
		},
	}
}

func write(t *testing.T, name string, result *linter.Result) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, format.Write(&out, name, result))
	return out.String()
}

// The golden files do not depend on the documentation of the rules.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range format.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := write(t, name, odd())
			if name == "sarif" {
				got = withoutRuleTexts(t, got)
			}
			golden := filepath.Join("testdata", "golden", name)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "if the change is intended, run go test ./lint/format -update")
		})
	}
}

func withoutRuleTexts(t *testing.T, log string) string {
	t.Helper()
	read, err := sarif.FromString(log)
	require.NoError(t, err)
	for _, r := range read.Runs[0].Tool.Driver.Rules {
		r.ShortDescription, r.FullDescription, r.Help, r.DefaultConfiguration = nil, nil, nil, nil
	}
	var out bytes.Buffer
	require.NoError(t, read.PrettyWrite(&out))
	return out.String() + "\n"
}

// Every format writes every part of a finding, and returns the error of the writer.
func TestFormats(t *testing.T) {
	t.Parallel()
	result := odd()
	result.Findings = result.Findings[:1]
	require.Equal(t, []string{"github", "json", "junit", "markdown", "sarif", "text"}, format.Names())
	for _, name := range format.Names() {
		require.NoError(t, format.Check(name))
		got := write(t, name, result)
		for _, part := range []string{
			"testdata/shop/templates/web.yaml", "4", "limits-missing", "Deployment/shop", "values-production.yaml",
			"resources.limits",
		} {
			assert.Contains(t, got, part, name)
		}
		require.ErrorIs(t, format.Write(full{}, name, result), errFull, name)
	}
}

// full is a writer on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = assert.AnError

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	const known = "want one of github, json, junit, markdown, sarif, text"
	require.EqualError(t, format.Check("protobuf"), `unknown format "protobuf": `+known)
	require.EqualError(t, format.Check("serif"), `unknown format "serif": `+known+`; did you mean "sarif"?`)
	require.EqualError(t, format.Check(""), `unknown format "": `+known)
	err := format.Write(&bytes.Buffer{}, "jsno", odd())
	require.EqualError(t, err, `unknown format "jsno": `+known+`; did you mean "json"?`)
}

// docs/lint-result.schema.json describes every field of a result.
func TestJSONMatchesItsSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/lint-result.schema.json")
	require.NoError(t, err)

	result := odd()
	filled(t, reflect.ValueOf(*result), "Result")
	filled(t, reflect.ValueOf(result.Charts[0]), "Chart")
	filled(t, reflect.ValueOf(result.Findings[0]), "Finding")
	require.NoError(t, schema.Validate(decode(t, write(t, "json", result))))
	withoutFindings := &linter.Result{Charts: result.Charts, Rules: result.Rules}
	require.NoError(t, schema.Validate(decode(t, write(t, "json", withoutFindings))))

	refused := decode(t, `{"charts": [], "rules": [], "findings": [{"rule": "r"}]}`)
	require.ErrorContains(t, schema.Validate(refused), "severity")
}

// filled checks that every field that is written as JSON is set.
func filled(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() && field.Tag.Get("json") != "-" {
			assert.False(t, v.Field(i).IsZero(), "set %s.%s in the test, and describe it in the schema", name, field.Name)
		}
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	return value
}

func TestEmptyJSON(t *testing.T) {
	t.Parallel()
	var read map[string]any
	require.NoError(t, json.Unmarshal([]byte(write(t, "json", &linter.Result{})), &read))
	assert.Equal(t, map[string]any{"charts": []any{}, "rules": []any{}, "findings": []any{}}, read, "lists, never null")
}

// The library has the schema that OASIS published for SARIF 2.1.0 with its errata.
func TestSARIFMatchesItsSchema(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]*linter.Result{"odd": odd(), "empty": {}} {
		log, err := sarif.FromString(write(t, "sarif", result), sarif.WithStrictValidation())
		require.NoError(t, err, name)
		require.NoError(t, log.Validate(), name)
	}
	invalid := strings.ReplaceAll(write(t, "sarif", odd()), `"startLine": 4`, `"startLine": 0`)
	broken, err := sarif.FromString(invalid, sarif.WithStrictValidation())
	require.NoError(t, err)
	require.ErrorContains(t, broken.Validate(), "startLine")
}

// GitHub rejects a log with a result that has no location, or a line or column 0.
func TestSARIFLocations(t *testing.T) {
	t.Parallel()
	log, err := sarif.FromString(write(t, "sarif", odd()))
	require.NoError(t, err)
	results := log.Runs[0].Results
	require.Len(t, results, len(odd().Findings))
	for _, r := range results {
		require.Len(t, r.Locations, 1)
		for _, l := range append(r.Locations, r.RelatedLocations...) {
			require.NotEmpty(t, *l.PhysicalLocation.ArtifactLocation.URI)
			if region := l.PhysicalLocation.Region; region != nil {
				require.Positive(t, *region.StartLine)
				require.True(t, region.StartColumn == nil || *region.StartColumn > 0)
			}
		}
		assert.Equal(t, *r.RuleID, *log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID)
	}
	last := results[len(results)-1].Locations[0].PhysicalLocation
	assert.Equal(t, "file:///charts/a%20b", *last.ArtifactLocation.URI)
	assert.Nil(t, last.ArtifactLocation.URIBaseID)
	assert.Nil(t, last.Region)
}

func TestSARIFFingerprints(t *testing.T) {
	t.Parallel()
	fingerprints := func(findings ...linter.Finding) []string {
		log, err := sarif.FromString(write(t, "sarif", &linter.Result{Findings: findings}))
		require.NoError(t, err)
		var found []string
		for _, r := range log.Runs[0].Results {
			found = append(found, r.PartialFingerprints["chartlint/v1"])
		}
		return found
	}
	first := odd().Findings[0]
	moved, other := first, first
	moved.Position.Line += 10
	other.Container = "other"
	absolute := first
	path, err := filepath.Abs(first.Position.File)
	require.NoError(t, err)
	absolute.Position.File = path

	assert.Len(t, fingerprints(first, first), 1, "equal results are written once")
	assert.Equal(t, fingerprints(first), fingerprints(moved), "independent of the line")
	assert.Equal(t, fingerprints(first), fingerprints(absolute), "independent of how the chart is named")
	assert.NotEqual(t, fingerprints(first), fingerprints(other))
	two := fingerprints(first, moved)
	require.Len(t, two, 2)
	assert.NotEqual(t, two[0], two[1], "equal findings on two lines are numbered")
}

// The log documents every rule, with findings or without.
func TestSARIFRules(t *testing.T) {
	t.Parallel()
	result := &linter.Result{Findings: []linter.Finding{
		{Rule: "acme/unknown", Severity: linter.Info, Position: at("f", 1, 1)},
	}}
	for _, r := range rule.All() {
		result.Rules = append(result.Rules, r.ID)
	}
	log, err := sarif.FromString(write(t, "sarif", result))
	require.NoError(t, err)
	rules := log.Runs[0].Tool.Driver.Rules
	require.Len(t, rules, len(rule.All())+1)
	assert.Equal(t, "acme/unknown", *rules[0].ID)
	assert.Nil(t, rules[0].Help)
	levels := map[linter.Severity]string{linter.Error: "error", linter.Warning: "warning", linter.Info: "note"}
	for i, want := range rule.All() {
		got := rules[i+1]
		assert.Equal(t, want.ID, *got.ID)
		assert.Equal(t, want.Title+".", *got.ShortDescription.Text)
		assert.Equal(t, want.Why, *got.FullDescription.Text)
		assert.Equal(t, format.Explain(want), *got.Help.Text)
		assert.Equal(t, format.ExplainMarkdown(want), *got.Help.Markdown)
		assert.Equal(t, levels[want.Severity], got.DefaultConfiguration.Level)
	}
}

func TestSARIFDocumentsOwnRules(t *testing.T) {
	t.Parallel()
	result, err := linter.Run(t.Context(), []string{"testdata/shop"}, linter.Options{Rules: []linter.Rule{{
		ID: "acme/own", Title: "The chart is ours", Why: "Others are not.", Severity: linter.Warning,
		Check: func(*linter.Pass) {},
	}}})
	require.NoError(t, err)
	log, err := sarif.FromString(write(t, "sarif", result))
	require.NoError(t, err)
	own := log.Runs[0].Tool.Driver.Rules[0]
	assert.Equal(t, "acme/own", *own.ID)
	assert.Equal(t, "The chart is ours.", *own.ShortDescription.Text)
	assert.Equal(t, "warning", own.DefaultConfiguration.Level)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	r := &rule.Rule{
		ID: "some-rule", Severity: linter.Warning, Title: "No <a|b> in values-*.yaml", Why: "`a_b` breaks c_d.",
		Bad: "a: {{ .b }}\nb: 1", Good: "a: 1",
	}
	assert.Equal(t, `some-rule (warning)

No <a|b> in values-*.yaml.

`+"`a_b` breaks c_d."+`

Bad:

    a: {{ .b }}
    b: 1

Good:

    a: 1
`, format.Explain(r))
	assert.Equal(t, `**No &lt;a|b&gt; in values-\*.yaml.** Severity: warning.

`+"`a_b` breaks c\\_d."+`

Bad:

`+"```"+`
a: {{ .b }}
b: 1
`+"```"+`

Good:

`+"```"+`
a: 1
`+"```"+`
`, format.ExplainMarkdown(r))
	assert.Equal(t, `a\|b \*\*`, format.MarkdownCell("a|b\n**"))
	assert.Equal(t, "\\`\\`\\`&lt;b&gt;\\`", format.MarkdownCell("```<b>`"), "unpaired backticks do not make code")
}

func TestJUnitIsXML(t *testing.T) {
	t.Parallel()
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	result := odd()
	result.Charts = append(result.Charts, result.Charts[0]) // given twice
	require.NoError(t, xml.Unmarshal([]byte(write(t, "junit", result)), &suites))
	assert.Equal(t, 3*4, suites.Tests, "a case a chart and rule")
	assert.Equal(t, 2, suites.Failures)
	require.Len(t, suites.Suites, 3)
	assert.Equal(t, "testdata/shop", suites.Suites[0].Name)
	assert.Equal(t, "limits-missing", suites.Suites[0].Cases[0].Name)
	require.NotNil(t, suites.Suites[0].Cases[0].Failure)
	assert.Contains(t, *suites.Suites[0].Cases[0].Failure, "ключ, a|b, <b>bold</b>")
	assert.Nil(t, suites.Suites[0].Cases[1].Failure)
}

// A chart cannot forge a workflow command.
func TestGitHubCommandsAreLines(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(write(t, "github", odd()), "\n"), "\n")
	require.Len(t, lines, len(odd().Findings)+1)
	for _, line := range lines[:len(odd().Findings)] {
		assert.Regexp(t, `^::(error|warning|notice) file=[^:]+::`, line)
	}
}

func TestMarkdownRowsHaveTheirColumns(t *testing.T) {
	t.Parallel()
	rows := 0
	for line := range strings.Lines(write(t, "markdown", odd())) {
		if strings.HasPrefix(line, "|") {
			rows++
			assert.Equal(t, 5, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), line)
		}
	}
	assert.Equal(t, 2+len(odd().Findings), rows)
}

// Lines are quoted from archives, and from archives in archives.
func TestTextQuotesArchives(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	subchart := filepath.Join(t.TempDir(), "sub")
	require.NoError(t, os.MkdirAll(filepath.Join(subchart, "templates"), 0o755))
	for name, content := range map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
		"templates/pod.yaml": "kind: Pod\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(subchart, name), []byte(content), 0o600))
	}
	packed, err := charttest.Package(subchart, folder)
	require.NoError(t, err)
	archive, err := charttest.Package("testdata/shop", folder)
	require.NoError(t, err)

	text := func(file string) string {
		return write(t, "text", &linter.Result{Findings: []linter.Finding{
			{Position: at(file, 1, 1), Severity: linter.Error, Message: "m", Fix: "F."},
		}})
	}
	assert.Contains(t, text(archive+"/Chart.yaml"), "\n    1 | apiVersion: v2\n      | ^\n")
	assert.Contains(t, text(packed+"/templates/pod.yaml"), "\n    1 | kind: Pod\n")
	for _, missing := range []string{
		archive + "/nothing.yaml", folder, folder + "/nothing.yaml", "testdata/shop/Chart.yaml/x", "",
	} {
		assert.NotContains(t, text(missing), " | ", missing)
	}
	within := filepath.Join(folder, "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(within, "charts"), 0o755))
	require.NoError(t, os.Rename(packed, filepath.Join(within, "charts", "sub-0.1.0.tgz")))
	assert.Contains(t, text(within+"/charts/sub-0.1.0.tgz/templates/pod.yaml"), "\n    1 | kind: Pod\n")
}

func TestTextQuotesTextOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "values.yaml")
	content := "\xef\xbb\xbfa: 1\n\xff\xfe\n" + strings.Repeat("x", 1<<20) + "\n"
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	result := &linter.Result{Findings: []linter.Finding{
		{Position: at(file, 1, 4), Severity: linter.Error, Message: "m", Fix: "F."},
		{Position: at(file, 2, 1), Severity: linter.Error, Message: "m", Fix: "F."},
		{Position: at(file, 3, 1), Severity: linter.Error, Message: "m", Fix: "F."},
	}}
	got := write(t, "text", result)
	assert.Contains(t, got, "\n    1 | a: 1\n      |    ^\n", "without the byte order mark")
	assert.NotContains(t, got, "2 |")
	assert.NotContains(t, got, "3 |")
}
