package valuesuse

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/valuesschema"
)

// at is the node under some keys of the only object, given with slashes; a number is an item of a list.
func at(t *testing.T, r *chart.Rendered, keys string) chart.Node {
	t.Helper()
	require.Len(t, r.Objects, 1)
	n := r.Objects[0].Node
	for _, key := range strings.Split(keys, "/") {
		next := n.Get(key)
		i := 0
		for item := range n.Items() {
			if fmt.Sprint(i) == key {
				next = item
			}
			i++
		}
		require.False(t, next.IsZero(), "no %s in %s", key, keys)
		n = next
	}
	return n
}

// TestValue holds rendered values to the key that decides them, and its line in the values file. The chart's files are
// a template that follows "kind: ConfigMap", values, and whatever more is given.
func TestValue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		values, template, more string
		want                   map[string]string // rendered keys → file:line key, or "" for no certain one
	}{
		"an action of its own": {
			values:   "port: 80\nname: web\n",
			template: "port: {{ .Values.port }}\nname: {{ .Values.name | quote }}\nargs: --port={{ .Values.port }}",
			want:     map[string]string{"port": "values.yaml:1 port", "name": "values.yaml:2 name", "args": "values.yaml:1 port"},
		},
		"a block": {
			values:   "resources:\n  app:\n    limits:\n      cpu: 1\n      memory: 1Gi\n",
			template: "resources:\n  {{- toYaml .Values.resources.app | nindent 2 }}",
			want: map[string]string{
				"resources/limits/memory": "values.yaml:5 resources.app.limits.memory",
				"resources/limits":        "values.yaml:3 resources.app.limits",
				"resources":               "values.yaml:2 resources.app",
			},
		},
		"a block on the line of its key, and one through with": {
			values:   "app:\n  cpu: 1\n",
			template: "a: {{ toYaml .Values.app | nindent 2 }}\n{{ with .Values.app }}\nb:\n  {{ toYaml . }}\n{{ end }}",
			want:     map[string]string{"a/cpu": "values.yaml:2 app.cpu", "b/cpu": "values.yaml:2 app.cpu"},
		},
		"beside keys of the template": {
			values:   "labels:\n  team: x\n",
			template: "labels:\n  app: y\n  {{- toYaml .Values.labels | nindent 2 }}",
			want:     map[string]string{"labels/team": "values.yaml:2 labels.team", "labels/app": ""},
		},
		"lists": {
			values:   "extra:\n  - name: b\n    value: c\n  - name: d\n    value: e\n",
			template: "env:\n  - name: a\n    value: a\n  {{- toYaml .Values.extra | nindent 2 }}",
			want:     map[string]string{"env/2/value": "values.yaml:5 extra[1].value", "env/0/value": ""},
		},
		"range": {
			values:   "parts:\n  one:\n    image: a\n    cpu: 1\n  two:\n    image: b\n    cpu: 1\n",
			template: "{{ range $name, $part := .Values.parts }}\n{{ $name }}:\n  image: {{ $part.image }}\n  cpu: {{ $part.cpu }}\n{{ end }}",
			want: map[string]string{
				"one/image": "values.yaml:3 parts.one.image", "two/image": "values.yaml:6 parts.two.image",
				"two/cpu": "", // two values are 1
			},
		},
		"include": {
			values:   "app:\n  cpu: 1\n",
			template: "{{ include \"block\" (dict \"it\" .Values.app) }}",
			more:     "-- templates/_helpers.tpl --\n{{- define \"block\" -}}\nx:\n  {{- toYaml .it | nindent 2 }}\n{{- end -}}\n",
			want:     map[string]string{"x/cpu": "values.yaml:2 app.cpu"},
		},
		"what is not certain": {
			values:   "a: x\nb: y\nempty: \"\"\n",
			template: "two: {{ .Values.a }}{{ .Values.b }}\nmixed: {{ printf \"%s%s\" .Values.a .Values.b }}\ndefault: {{ .Values.empty | default \"z\" }}\nnone: {{ .Chart.Name }}\ntext: x\nhash: {{ sha256sum .Values.a }}",
			want:     map[string]string{"two": "", "mixed": "", "default": "", "none": "", "text": "", "hash": ""},
		},
		"globals": {
			values:   "global:\n  region: eu\n",
			template: "region: {{ .Values.global.region }}",
			want:     map[string]string{"region": "values.yaml:2 global.region"},
		},
		"the values of a subchart": {
			values: "store:\n  size: 7\nglobal:\n  region: eu\n",
			more: "-- charts/cache/Chart.yaml --\napiVersion: v2\nname: cache\nversion: 1.0.0\n" +
				"-- charts/cache/values.yaml --\nsize: 1\nport: 6379\n" +
				"-- charts/cache/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nsize: {{ .Values.size }}\nport: {{ .Values.port }}\nregion: {{ .Values.global.region }}\n",
			want: map[string]string{
				"size":   "values.yaml:2 store.size",
				"port":   "charts/cache/values.yaml:2 store.port",
				"region": "values.yaml:4 store.global.region",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := metadata
			if strings.Contains(test.more, "name: cache") {
				files += "dependencies:\n  - {name: cache, version: 1.0.0, alias: store}\n"
			}
			files += "-- values.yaml --\n" + test.values + test.more
			if test.template != "" {
				files += "-- templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\n" + test.template + "\n"
			}
			r := load(t, files).Render(chart.Variant{})
			require.Empty(t, r.RenderFailures)
			for keys, want := range test.want {
				got := ""
				if source := Origin(at(t, r, keys)); source != nil {
					file, err := filepath.Rel(r.Chart().Path(), source.Position.File)
					require.NoError(t, err)
					got = fmt.Sprintf("%s:%d %s", filepath.ToSlash(file), source.Position.Line, source.Key)
				}
				assert.Equal(t, want, got, keys)
			}
		})
	}
}

func TestValueOfNothing(t *testing.T) {
	t.Parallel()
	assert.Nil(t, Origin(chart.Node{}))
}

const metadata = "-- Chart.yaml --\napiVersion: v2\nname: app\nversion: 0.1.0\n"

// load loads a chart, given as a txtar archive of its files.
func load(t *testing.T, files string) *chart.Chart {
	t.Helper()
	c, err := chart.Load(charttest.Write(t, files))
	require.NoError(t, err)
	return c
}

func TestStarterChartReadsAllItDeclares(t *testing.T) {
	t.Parallel()
	folder, err := charttest.Create("starter", t.TempDir())
	require.NoError(t, err)
	c, err := chart.Load(folder)
	require.NoError(t, err)
	assert.Empty(t, Unused(c))
	assert.Empty(t, Undeclared(c))
	assert.NotEmpty(t, analyze(c).accesses, "nothing was read at all")
}

// TestReadsEnd holds the interpreter to charts that would keep it busy for ever.
func TestReadsEnd(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("{{ range .Values.a }}{{ $x = . }}", 60) + strings.Repeat("{{ end }}", 60)
	var fan strings.Builder
	for i := range 40 {
		fmt.Fprintf(&fan, "{{ define \"f%d\" }}{{ include \"f%d\" (dict \"a\" . \"b\" 1) }}{{ include \"f%d\" (dict \"a\" . \"b\" 2) }}{{ end }}", i, i+1, i+1)
	}
	var grows, appends strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&grows, "{{ $x = .Values.k%d }}", i)
		fmt.Fprintf(&appends, "{{ $x = append $x .Values.k%d }}", i)
	}
	for name, template := range map[string]string{
		"a variable that may be anything":   "{{ $x := 1 }}" + grows.String() + "{{ $x.a }}",
		"a list that may hold anything":     "{{ $x := list }}" + appends.String() + "{{ $x }}",
		"a define that includes itself":     `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"with an argument that grows":       `{{ define "a" }}{{ include "a" (dict "x" .) }}{{ include "a" (dict "y" .) }}{{ end }}{{ include "a" .Values }}`,
		"with a value that grows":           `{{ define "a" }}{{ include "a" .next }}{{ range . }}{{ include "a" . }}{{ end }}{{ end }}{{ include "a" .Values }}`,
		"defines that include each twice":   fan.String() + `{{ include "f0" .Values }}`,
		"ranges in ranges that assign":      "{{ $x := 1 }}" + deep,
		"a dict that holds itself":          `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}{{ include "a" $d }}{{ define "a" }}{{ include "a" .d }}{{ end }}`,
		"a dot that holds itself":           `{{ $_ := set . "root" . }}{{ toYaml .root.root.root.Values.a }}`,
		"a list that is appended to itself": `{{ $l := list }}{{ range .Values.a }}{{ $l = append $l $l }}{{ end }}{{ toYaml $l }}`,
		"a dict merged with itself":         `{{ $d := dict "a" .Values }}{{ range .Values.a }}{{ $d = merge $d (dict "b" $d) $d }}{{ end }}{{ toYaml $d }}`,
		"parentheses":                       `{{ ` + strings.Repeat("(", 900) + ".Values.a" + strings.Repeat(")", 900) + ` }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			c := load(t, metadata+"-- values.yaml --\na: 1\n-- templates/a.yaml --\n"+template+"\n")
			Unused(c)
			Undeclared(c)
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
		`{{ template "x" . }}{{ include (print .Values.a) . }}{{ (.Values.a).b.c }}{{ .Values.AsMap.a }}{{ .Values.PathValue "a" }}`,
		`{{ set . "Values" . }}{{ merge . . }}{{ unset .Values "a" }}{{ get }}{{ list | concat . }}{{ hasKey . }}`,
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
		Unused(c)
		Undeclared(c)
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
				c, err := chart.Load(path) // the reads of a chart are computed once
				require.NoError(b, err)
				b.StartTimer()
				Unused(c)
				Undeclared(c)
			}
		})
	}
}
