package valuesuse_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/valuesuse"
)

const metadata = "-- Chart.yaml --\napiVersion: v2\nname: app\nversion: 0.1.0\n"

// load loads a chart, given as a txtar archive of its files.
func load(t *testing.T, files string) *chart.Chart {
	t.Helper()
	c, err := chart.Load(charttest.Write(t, files))
	require.NoError(t, err)
	return c
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files string            // besides Chart.yaml; a template starts after "kind: ConfigMap"
		want  map[string]string // rendered path → file:line key, or "" if the key is not certain
	}{
		"one action": {
			files: `
-- values.yaml --
port: 80
name: web
-- templates/a.yaml --
port: {{ .Values.port }}
name: {{ .Values.name | quote }}
args: --port={{ .Values.port }}
`,
			want: map[string]string{
				"port": "values.yaml:1 port",
				"name": "values.yaml:2 name",
				"args": "values.yaml:1 port",
			},
		},
		"toYaml": {
			files: `
-- values.yaml --
resources:
  app:
    limits:
      cpu: 1
      memory: 1Gi
-- templates/a.yaml --
resources:
  {{- toYaml .Values.resources.app | nindent 2 }}
`,
			want: map[string]string{
				"resources/limits/memory": "values.yaml:5 resources.app.limits.memory",
				"resources/limits":        "values.yaml:3 resources.app.limits",
				"resources":               "values.yaml:2 resources.app",
			},
		},
		"toYaml on the line of the key, and inside with": {
			files: `
-- values.yaml --
app:
  cpu: 1
-- templates/a.yaml --
a: {{ toYaml .Values.app | nindent 2 }}
{{ with .Values.app }}
b:
  {{ toYaml . }}
{{ end }}
`,
			want: map[string]string{"a/cpu": "values.yaml:2 app.cpu", "b/cpu": "values.yaml:2 app.cpu"},
		},
		"toYaml next to keys of the template": {
			files: `
-- values.yaml --
labels:
  team: x
-- templates/a.yaml --
labels:
  app: y
  {{- toYaml .Values.labels | nindent 2 }}
`,
			want: map[string]string{"labels/team": "values.yaml:2 labels.team", "labels/app": ""},
		},
		"toYaml next to items of the template": {
			files: `
-- values.yaml --
extra:
  - name: b
    value: c
  - name: d
    value: e
-- templates/a.yaml --
env:
  - name: a
    value: a
  {{- toYaml .Values.extra | nindent 2 }}
`,
			want: map[string]string{"env/2/value": "values.yaml:5 extra[1].value", "env/0/value": ""},
		},
		"range": {
			files: `
-- values.yaml --
parts:
  one:
    image: a
    cpu: 1
  two:
    image: b
    cpu: 1
-- templates/a.yaml --
{{ range $name, $part := .Values.parts }}
{{ $name }}:
  image: {{ $part.image }}
  cpu: {{ $part.cpu }}
{{ end }}
`,
			want: map[string]string{
				"one/image": "values.yaml:3 parts.one.image",
				"two/image": "values.yaml:6 parts.two.image",
				"two/cpu":   "", // both values are 1
			},
		},
		"include": {
			files: `
-- values.yaml --
app:
  cpu: 1
-- templates/a.yaml --
{{ include "block" (dict "it" .Values.app) }}
-- templates/_helpers.tpl --
{{- define "block" -}}
x:
  {{- toYaml .it | nindent 2 }}
{{- end -}}
`,
			want: map[string]string{"x/cpu": "values.yaml:2 app.cpu"},
		},
		"several values, computed values and constants": {
			files: `
-- values.yaml --
a: x
b: y
empty: ""
-- templates/a.yaml --
two: {{ .Values.a }}{{ .Values.b }}
mixed: {{ printf "%s%s" .Values.a .Values.b }}
default: {{ .Values.empty | default "z" }}
name: {{ .Chart.Name }}
text: x
hash: {{ sha256sum .Values.a }}
`,
			want: map[string]string{"two": "", "mixed": "", "default": "", "name": "", "text": "", "hash": ""},
		},
		"globals": {
			files: `
-- values.yaml --
global:
  region: eu
-- templates/a.yaml --
region: {{ .Values.global.region }}
`,
			want: map[string]string{"region": "values.yaml:2 global.region"},
		},
		"values of a subchart": {
			files: `dependencies:
  - {name: cache, version: 1.0.0, alias: store}
-- values.yaml --
store:
  size: 7
global:
  region: eu
-- charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- charts/cache/values.yaml --
size: 1
port: 6379
-- charts/cache/templates/a.yaml --
size: {{ .Values.size }}
port: {{ .Values.port }}
region: {{ .Values.global.region }}
`,
			want: map[string]string{
				"size":   "values.yaml:2 store.size",
				"port":   "charts/cache/values.yaml:2 store.port",
				"region": "values.yaml:4 store.global.region",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const template = "templates/a.yaml --\n"
			files := metadata + strings.TrimPrefix(test.files, "\n")
			files = strings.ReplaceAll(files, template, template+"apiVersion: v1\nkind: ConfigMap\n")
			r := load(t, files).Render(chart.Variant{})
			require.Empty(t, r.RenderFailures)
			require.Len(t, r.Objects, 1)
			for path, want := range test.want {
				got := ""
				if origin := valuesuse.Origin(nodeAt(t, r.Objects[0].Node, path)); origin != nil {
					file, err := filepath.Rel(r.Chart().Path(), origin.Position.File)
					require.NoError(t, err)
					got = fmt.Sprintf("%s:%d %s", filepath.ToSlash(file), origin.Position.Line, origin.Key)
				}
				assert.Equal(t, want, got, path)
			}
		})
	}
	assert.Nil(t, valuesuse.Origin(chart.Node{}))
}

// nodeAt returns the node at a slash-separated path.
func nodeAt(t *testing.T, n chart.Node, path string) chart.Node {
	t.Helper()
	for key := range strings.SplitSeq(path, "/") {
		next := n.Get(key)
		i := 0
		for item := range n.Items() {
			if fmt.Sprint(i) == key {
				next = item
			}
			i++
		}
		require.False(t, next.IsZero(), "no %s in %s", key, path)
		n = next
	}
	return n
}
