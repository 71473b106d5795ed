package valuesuse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/internal/valuesuse"
)

// The fixtures of the rules values-unused and values-undeclared test more of this.
func TestReads(t *testing.T) {
	t.Parallel()
	const values = "-- values.yaml --\na: {b: 1, c: 2}\nd: [{e: 1, f: 2}]\n"
	for template, want := range map[string]struct{ unused, undeclared []string }{
		"":                                          {unused: []string{"a", "d"}},
		`{{ .Values.a.b }}`:                         {unused: []string{"a.c", "d"}},
		`{{ .Values.a | toYaml }}`:                  {unused: []string{"d"}},
		`{{ if .Values.a }}{{ end }}`:               {unused: []string{"a.b", "a.c", "d"}},
		`{{ .Values.a.x }}`:                         {unused: []string{"a.b", "a.c", "d"}, undeclared: []string{"a.x"}},
		`{{ index .Values "a" "b" }}`:               {unused: []string{"a.c", "d"}},
		`{{ get .Values.a .Release.Name }}`:         {unused: []string{"d"}},
		`{{ range .Values.d }}{{ .e }}{{ end }}`:    {unused: []string{"a", "d[0].f"}},
		`{{ with .Values.a }}{{ .b }}{{ end }}`:     {unused: []string{"a.c", "d"}},
		`{{ $a := .Values.a }}{{ $a.b }}`:           {unused: []string{"a.c", "d"}},
		`{{ (dict "x" .Values.a).x.b }}`:            {unused: []string{"a.c", "d"}},
		`{{ (list .Values.a | first).b }}`:          {unused: []string{"a.c", "d"}},
		`{{ include "t" .Values.a }}`:               {unused: []string{"a.c", "d"}},
		`{{ include (print "t") .Values.a }}`:       {unused: []string{"d"}},
		`{{ tpl "{{ .Values.a.b }}" . }}`:           {unused: []string{"a.c", "d"}},
		`{{ (merge .Values.a (dict "x" 1)).x }}`:    {unused: []string{"a.b", "a.c", "d"}},
		`{{ omit .Values.a "b" | toYaml }}`:         {unused: []string{"d"}},
		`{{ pick .Values.a "b" | toYaml }}`:         {unused: []string{"a.c", "d"}},
		`{{ hasKey .Values "x" }}`:                  {unused: []string{"a", "d"}},
		`{{ $x := 1 }}{{ $x = .Values.a }}{{ $x }}`: {unused: []string{"d"}},
	} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			c := load(t, metadata+values+"-- templates/a.yaml --\n"+template+
				"\n-- templates/_helpers.tpl --\n{{ define \"t\" }}{{ .b }}{{ end }}\n")
			var unused, undeclared []string
			for _, key := range valuesuse.Unused(c) {
				unused = append(unused, key.Key)
			}
			for _, read := range valuesuse.Undeclared(c) {
				undeclared = append(undeclared, read.Key)
			}
			assert.Equal(t, want.unused, unused, "unused")
			assert.Equal(t, want.undeclared, undeclared, "undeclared")
		})
	}
}

func TestReaders(t *testing.T) {
	t.Parallel()
	c := load(t, metadata+`-- values.yaml --
a: {b: 1, c: 2}
-- templates/_helpers.tpl --
{{ define "c" }}{{ .Values.a.c }}{{ end }}
-- templates/b.yaml --
{{ .Values.a.b }}
-- templates/c.yaml --
{{ include "c" . }}
-- templates/all.yaml --
{{ toYaml .Values.a }}
`)
	b, known := valuesuse.Readers(c, [][]string{{"a", "b"}})
	assert.True(t, known)
	assert.Equal(t, map[string]bool{"app/templates/b.yaml": true, "app/templates/all.yaml": true}, b)
	both, _ := valuesuse.Readers(c, [][]string{{"a", "b"}, {"a", "c"}})
	assert.Len(t, both, 3)
	none, known := valuesuse.Readers(c, [][]string{{"d"}})
	assert.True(t, known)
	assert.Empty(t, none)
}

func TestStarterChartReadsAllThatItDeclares(t *testing.T) {
	t.Parallel()
	folder, err := charttest.Create("starter", t.TempDir())
	require.NoError(t, err)
	c, err := chart.Load(folder)
	require.NoError(t, err)
	assert.Empty(t, valuesuse.Unused(c))
	assert.Empty(t, valuesuse.Undeclared(c))
}

func TestAnalysisTerminates(t *testing.T) {
	t.Parallel()
	var doubles, assigns, appends strings.Builder
	for i := range 40 {
		include := fmt.Sprintf(`{{ include "f%d" (dict "a" . "b" %%d) }}`, i+1)
		fmt.Fprintf(&doubles, `{{ define "f%d" }}`+include+include+`{{ end }}`, i, 1, 2)
	}
	for i := range 30_000 {
		fmt.Fprintf(&assigns, "{{ $x = .Values.k%d }}", i)
		fmt.Fprintf(&appends, "{{ $x = append $x .Values.k%d }}", i)
	}
	const nested = 60
	for name, template := range map[string]string{
		"a variable with many values": "{{ $x := 1 }}" + assigns.String() + "{{ $x.a }}",
		"a list with many items":      "{{ $x := list }}" + appends.String() + "{{ $x }}",
		"recursion":                   `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"recursion with a growing dict": `{{ define "a" }}{{ include "a" (dict "x" .) }}` +
			`{{ include "a" (dict "y" .) }}{{ end }}{{ include "a" .Values }}`,
		"recursion with a growing path": `{{ define "a" }}{{ include "a" .next }}{{ range . }}` +
			`{{ include "a" . }}{{ end }}{{ end }}{{ include "a" .Values }}`,
		"templates that include the next one twice": doubles.String() + `{{ include "f0" .Values }}`,
		"nested ranges that assign": "{{ $x := 1 }}" + strings.Repeat("{{ range .Values.a }}{{ $x = . }}", nested) +
			strings.Repeat("{{ end }}", nested),
		"a dict that contains itself": `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}{{ include "a" $d }}` +
			`{{ define "a" }}{{ include "a" .d }}{{ end }}`,
		"a dot that contains itself": `{{ $_ := set . "root" . }}{{ toYaml .root.root.root.Values.a }}`,
		"a list that is appended to itself": `{{ $l := list }}` +
			`{{ range .Values.a }}{{ $l = append $l $l }}{{ end }}{{ toYaml $l }}`,
		"a dict that is merged with itself": `{{ $d := dict "a" .Values }}` +
			`{{ range .Values.a }}{{ $d = merge $d (dict "b" $d) $d }}{{ end }}{{ toYaml $d }}`,
		"dicts that contain each other": `{{ $a := dict "n" 1 }}{{ $b := dict "n" 2 }}{{ $c := dict }}` +
			`{{ $_ := set $a .Values.a $b }}{{ $_ := set $b .Values.a $a }}{{ $_ := set $c "x" (list $a $b $c) }}` +
			`{{ $_ := set $a .Values.a $a }}{{ toYaml (or $a $b $c) }}{{ merge $a $b $c | toYaml }}`,
		"parentheses": `{{ ` + strings.Repeat("(", 900) + ".Values.a" + strings.Repeat(")", 900) + ` }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, metadata+"-- values.yaml --\na: 1\n-- templates/a.yaml --\n"+template+"\n")
			start := time.Now()
			valuesuse.Unused(c)
			valuesuse.Undeclared(c)
			assert.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

func FuzzReads(f *testing.F) {
	for _, seed := range []string{
		`{{ with .Values.a }}{{ range $k, $v := .b }}{{ $v.c }}{{ $k }}{{ end }}{{ else }}{{ .Values.d }}{{ end }}`,
		`{{ define "x" }}{{ .a | default .b }}{{ end }}{{ include "x" (dict "a" .Values.a "b" $) }}`,
		`{{ $x := merge (deepCopy .Values.a) .Values.b }}{{ $_ := set $x "k" $x }}{{ toYaml $x }}`,
		`{{ index .Values "a" 0 "b" }}{{ dig "a" "b" "" .Values }}{{ tpl "{{ .Values.c }}" . }}`,
		`{{ range pluck "a" .Values .Values.b }}{{ first . }}{{ keys . }}{{ pick . "a" }}{{ end }}`,
		`{{ template "x" . }}{{ include (print .Values.a) . }}{{ (.Values.a).b.c }}{{ .Values.AsMap.a }}`,
		`{{ .Values.PathValue "a" }}{{ set . "Values" . }}{{ merge . . }}{{ unset .Values "a" }}`,
		`{{ get }}{{ list | concat . }}{{ hasKey . }}`,
	} {
		f.Add(seed, "a: {b: [{c: 1}]}\n# d:\n", `{"properties": {"a": {"$ref": "#"}}}`)
	}
	f.Fuzz(func(t *testing.T, template, values, schema string) {
		c, err := chart.Load(charttest.WriteFiles(t, map[string]string{
			"Chart.yaml":         "{apiVersion: v2, name: app, version: 0.1.0}",
			"values.yaml":        values,
			"values.schema.json": schema,
			"templates/a.yaml":   template,
			"templates/_b.tpl":   template,
		}))
		if err != nil {
			t.Skip("Helm does not load the chart")
		}
		start := time.Now()
		valuesuse.Unused(c)
		valuesuse.Undeclared(c)
		valuesschema.OpenObjects(c)
		valuesschema.Undescribed(c)
		valuesschema.DifferentDefaults(c)
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %s", took)
		}
	})
}

func BenchmarkReads(b *testing.B) {
	folder, err := charttest.Create("starter", b.TempDir())
	require.NoError(b, err)
	for name, path := range map[string]string{"starter": folder, "traderadmin": "../../charts/traderadmin"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				c, err := chart.Load(path) // a chart is analyzed only once
				require.NoError(b, err)
				b.StartTimer()
				valuesuse.Unused(c)
				valuesuse.Undeclared(c)
			}
		})
	}
}
