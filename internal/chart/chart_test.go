package chart

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/traderadmin/charts/internal/chart/charttest"
)

const metadata = "-- Chart.yaml --\napiVersion: v2\nname: app\nversion: 0.1.0\n"

func render(t *testing.T, files string) *Rendered {
	t.Helper()
	c, err := Load(charttest.Write(t, files))
	require.NoError(t, err)
	r := c.Render(Variant{})
	require.Empty(t, r.RenderFailures)
	require.Empty(t, r.ManifestFailures)
	return r
}

// lineKey matches keys that name the line of the template that prints them, such as l12.
var lineKey = regexp.MustCompile(`^l(\d+)`)

// checkLines checks the template line of every key such as l12 in the objects, and the number of these keys.
func checkLines(t *testing.T, r *Rendered, want int) {
	t.Helper()
	checked := 0
	var visit func(Node)
	visit = func(n Node) {
		for key, value := range n.Entries() {
			if m := lineKey.FindStringSubmatch(key); m != nil {
				line, err := strconv.Atoi(m[1])
				require.NoError(t, err)
				at := value.Position()
				assert.Equal(t, line, at.Line, "%s in %s", key, at)
				checked++
			}
			visit(value)
		}
		for item := range n.Items() {
			visit(item)
		}
	}
	for _, o := range r.Objects {
		visit(o.Node)
	}
	assert.Equal(t, want, checked, "number of keys")
}

func TestTemplateLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files string
		keys  int
	}{
		"text": {keys: 3, files: `
-- templates/a.yaml --
{{- $x := 1 }}
# a comment
apiVersion: v1
kind: ConfigMap
l5: {{ $x }}


{{/* a comment
     of two lines */}}
l10: 1
l11:
  - a: b
`},
		"trimmed on both sides": {keys: 3, files: `
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap

{{- if true -}}

  {{ "\n" -}}
  l7: 1
{{- end }}
{{- "\nl9: 1" }}
{{ print "l10: " }} 1
`},
		"toYaml and nindent": {keys: 5, files: `
-- values.yaml --
six: {l6a: 1, l6b: {l6c: 2}}
seven: {l7a: 1}
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  {{- toYaml .Values.six | nindent 2 }}
{{ toYaml .Values.seven | indent 2 }}
  l8: 1
`},
		"include, define and template": {keys: 5, files: `
-- templates/_helpers.tpl --
{{- define "one" -}}
l{{ . }}: 1
{{- end }}
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
{{ include "one" 3 }}
nested:
  {{- include "one" 5 | nindent 2 }}
  {{- define "local" }}
  l{{ . }}: 2
  {{- end }}
  {{- template "local" 9 }}
{{ block "later" 10 }}l{{ . }}: 3{{ end }}
l11: 1
`},
		"range, with and else": {keys: 7, files: `
-- values.yaml --
list: [a, b]
map: {x: 1}
-- templates/a.yaml --
{{- range $i, $e := .Values.list }}
---
apiVersion: v1
kind: ConfigMap
l5: {{ $e }}
{{- end }}
---
apiVersion: v1
kind: ConfigMap
{{- with .Values.map }}
l11: {{ .x }}
{{- else }}
never: 1
{{- end }}
{{- with .Values.nothing }}
never: 1
{{- else with .Values.map }}
l18: 1
{{- end }}
{{- if .Values.nothing }}
never: 1
{{- else if .Values.map }}
l23: 1
{{- else }}
never: 1
{{- end }}
items:
  {{- range .Values.list }}
  - l29: {{ . }}
    {{- if eq . "b" }}{{ break }}{{ end }}
  {{- end }}
`},
		"tpl": {keys: 2, files: `
-- values.yaml --
text: "l4: {{ .Values.n }}\nl4b: 2"
n: 1
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap

{{ tpl .Values.text . }}
`},
		"strings that look like templates": {keys: 2, files: `
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
text: {{ "{{ x }}" | quote }}
raw: {{ printf ` + "`%s\n%s`" + ` "a" "b" | quote }}
l6: { {{- ` + "`l6a`" + ` }}: 1}
`},
		"windows line ends": {keys: 1, files: "-- templates/a.yaml --\n" +
			"apiVersion: v1\r\nkind: ConfigMap\r\n{{- if true }}\r\nl4: 1\r\n{{- end }}\r\n"},
		"a checksum over a marked template": {keys: 2, files: `
-- templates/config.yaml --
apiVersion: v1
kind: ConfigMap
l3: 1
-- templates/pod.yaml --
apiVersion: v1
kind: Pod
checksum: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
l4: 1
`},
		"braces before actions": {keys: 3, files: `
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
text: |
  a {
  {{- if true }}
  b {
  {{- else }}{
  {{- end }}
  {{- range list 1 }}{
  {{- "c" }}
  }{
  {{- end }}
  } {
  {{- template "x" }}
  {
l16: 1
l17: {{ "{" | quote }}
{{ define "x" }}{
{{- with 1 }}}{{ end }}{{ end }}
-- templates/b.yaml --
apiVersion: v1
kind: ConfigMap
l3: 1
`},
		"random text": {keys: 1, files: `
-- templates/a.yaml --
apiVersion: v1
kind: Secret
random: {{ randAlphaNum 20 }}
l4: 1
`},
		"templates that alter the values": {keys: 2, files: `
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
{{- if not .Values.seen }}
{{- $_ := set .Values "seen" true }}
l5: 1
{{- end }}
l7: 1
`},
		"subcharts": {keys: 2, files: `
-- charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- charts/cache/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
l3: 1
-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap

l4: 1
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkLines(t, render(t, metadata+strings.TrimPrefix(test.files, "\n")), test.keys)
		})
	}
}

func TestUnknownTemplateLine(t *testing.T) {
	t.Parallel()
	r := render(t, metadata+`-- templates/random.yaml --
apiVersion: v1
kind: Secret
random: {{ randAlphaNum 20 }}
-- templates/upset.yaml --
apiVersion: v1
kind: ConfigMap
parts: {{ splitList "\n" (include (print $.Template.BasePath "/random.yaml") .) | first | len }}
-- templates/own-marks.yaml --
apiVersion: v1
kind: ConfigMap
text: "`+mark(2, 1)+`"
`)
	require.Len(t, r.Objects, 3)
	for i, key := range []string{"text", "random", "parts"} {
		value := r.Objects[i].Get(key)
		require.True(t, value.Exists(), key)
		assert.Zero(t, value.Position().Line, key)
		assert.Equal(t, 2, r.Objects[i].Get("kind").Position().Line, "other lines")
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Position{
		"values.yaml":     {File: "values.yaml"},
		"values.yaml:3":   {File: "values.yaml", Line: 3},
		"values.yaml:3:7": {File: "values.yaml", Line: 3, Column: 7},
	} {
		assert.Equal(t, want, p.String())
	}
	assert.Equal(t, Position{}, Node{}.Get("a", "b").Position())
}

func TestDocumentsMatchHelm(t *testing.T) {
	t.Parallel()
	for _, printed := range []string{
		"", "\n \n", "a: 1", "\n\n  a: 1\n", "---\na: 1\n---\nb: 2\n",
		"a: 1\n---\n---\n\n# comment\nb: 2\n--- # and more\nc: 3",
		"---", "a: |\n  ---\n  b\n---\nc: 1", "a: 1\r\n---\r\nb: 2\r\n", "a: 1\n---b: 2", "a: 1\n   \n---\n   b: 2\n",
	} {
		helms := releaseutil.SplitManifests(printed)
		var keys, want, got []string
		for key := range helms {
			keys = append(keys, key)
		}
		sort.Sort(releaseutil.BySplitManifestsOrder(keys))
		for _, key := range keys {
			if helms[key] != "" {
				want = append(want, helms[key])
			}
		}
		lines := strings.Split(printed, "\n")
		for _, d := range documents(printed) {
			got = append(got, d.text)
			first, _, _ := strings.Cut(d.text, "\n")
			assert.Contains(t, lines[d.line-1], strings.TrimSpace(first), "the line of a document of %q", printed)
		}
		assert.Equal(t, want, got, "%q", printed)
	}
}

func TestContainers(t *testing.T) {
	t.Parallel()
	r := render(t, metadata+`-- templates/a.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      initContainers:
        - name: migrate
        - name: proxy
          restartPolicy: Always
      containers:
        - name: web
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  containers: [{name: not one}]
`)
	require.Len(t, r.Objects, 2)
	assert.Equal(t, "Deployment/web", r.Objects[0].String())
	var got []string
	for _, c := range r.Objects[0].Containers() {
		got = append(got, fmt.Sprintf("%s %s:%d", c.Role, c.Name, c.Position().Line))
	}
	assert.Equal(t, []string{"init container migrate:9", "sidecar container proxy:10", "container web:13"}, got)
	assert.Empty(t, r.Objects[1].Containers())
}

func TestNodes(t *testing.T) {
	t.Parallel()
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(`
base: &base {a: 1, b: 2}
more: &more {c: 3}
one: {<<: *base, a: 0}
two: {<<: [*base, *more]}
alias: *base
self: &self {<<: *self}
nothing: null
list: [x, y]
`), &doc))
	root := Node{value: doc.Content[0]}
	assert.Equal(t, "0", root.Get("one", "a").Text(), "a key of its own wins")
	assert.Equal(t, "2", root.Get("one", "b").Text())
	assert.Equal(t, "3", root.Get("two", "c").Text())
	assert.Equal(t, "1", root.Get("alias", "a").Text())
	assert.False(t, root.Get("self", "a").Exists(), "a map merged into itself ends")
	assert.False(t, root.Get("nothing").Exists())
	assert.False(t, root.Get("list", "x").Exists())
	assert.False(t, root.Get("base", "a", "deeper").Exists())
	_, isScalar := root.Get("list").Scalar()
	assert.False(t, isScalar)
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.tgz")
	require.NoError(t, os.WriteFile(text, []byte("not an archive"), 0o600))
	broken := charttest.Write(t, metadata+"-- values.yaml --\na: [\n")
	for path, want := range map[string]string{
		filepath.Join(folder, "none"): "no such folder or archive",
		folder:                        "Chart.yaml file is missing",
		text:                          "does not appear to be a gzipped archive",
		broken:                        filepath.Join(broken, "values.yaml:1: did not find expected node content"),
	} {
		_, err := Load(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "load chart "+path+":")
	}
}

// An error names the file at fault, and its line.
func TestLoadErrorsArePlaced(t *testing.T) {
	t.Parallel()
	const mapping = ":2: mapping values are not allowed in this context"
	const sub = "-- charts/sub/Chart.yaml --\nname: sub\nversion: 0.1.0\n-- charts/sub/"
	const wrong = "values.yaml --\na: 1\n  b: 2\n"
	for files, want := range map[string]string{
		metadata + "-- " + wrong:                  "values.yaml" + mapping,
		metadata + "-- values.yaml --\n[a]\n":     "values.yaml: the file must be a map, not a list",
		metadata + sub + wrong:                    "charts/sub/values.yaml" + mapping,
		metadata + "-- charts/sub.tgz --\njunk\n": "charts/sub.tgz: unexpected EOF",
		"-- Chart.yaml --\nname: app\n":           "Chart.yaml: version is required",
		metadata + "dependencies: {a: b}\n":       "Chart.yaml: dependencies must be a list, not a map",
	} {
		folder := charttest.Write(t, files)
		_, err := Load(folder)
		var refused *LoadError
		require.ErrorAs(t, err, &refused)
		relative, err := filepath.Rel(folder, refused.Position.String())
		require.NoError(t, err)
		assert.Equal(t, want, filepath.ToSlash(relative)+": "+refused.Message)
	}
}

func TestKubeVersion(t *testing.T) {
	t.Parallel()
	_, err := NewVariant("newest")
	require.ErrorContains(t, err, `"newest"`)

	c, err := Load(charttest.Write(t, metadata+`-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
version: {{ .Capabilities.KubeVersion.Version }}
minor: {{ .Capabilities.KubeVersion.Minor }}
`))
	require.NoError(t, err)
	for given, want := range map[string]string{"": DefaultKubeVersion, "1.35": "v1.35", "v1.36.4": "v1.36.4"} {
		v, err := NewVariant(given)
		require.NoError(t, err)
		r := c.Render(v)
		require.Len(t, r.Objects, 1)
		assert.Equal(t, want, r.Objects[0].Get("version").Text())
		assert.Equal(t, strings.Split(want, ".")[1], r.Objects[0].Get("minor").Text())
	}
}

func TestDefaultKubeVersionMatchesGoMod(t *testing.T) {
	t.Parallel()
	modules, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	api := regexp.MustCompile(`(?m)^\s*k8s\.io/api v0\.(\S+)$`).FindSubmatch(modules)
	require.NotNil(t, api, "go.mod requires no k8s.io/api")
	assert.Equal(t, "v1."+string(api[1]), DefaultKubeVersion)
}

const umbrella = metadata + `dependencies:
  - {name: cache, version: 1.0.0, repository: "", alias: small}
  - {name: cache, version: 1.0.0, repository: "", alias: big}
  - {name: extra, version: 1.0.0, repository: "", condition: extra.enabled}
-- values.yaml --
big: {size: huge}
extra: {enabled: false}
-- charts/any-folder/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- charts/any-folder/values.yaml --
size: 1
name: 7
-- charts/any-folder/values.schema.json --
{"properties": {"size": {"type": "integer"}, "name": {"type": "string"}}}
-- charts/any-folder/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}
-- charts/extra/Chart.yaml --
apiVersion: v2
name: extra
version: 1.0.0
-- charts/extra/templates/a.yaml --
{{ fail "is not enabled" }}
`

func TestSubcharts(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, umbrella)
	c, err := Load(folder)
	require.NoError(t, err)
	for range 2 { // rendering does not change the chart
		r := c.Render(Variant{})
		require.Empty(t, r.RenderFailures)
		require.Len(t, r.Objects, 2)
		for i, name := range []string{"big", "small"} {
			assert.Equal(t, name, r.Objects[i].Name)
			want := Position{File: filepath.Join(folder, "charts", "any-folder", "templates", "a.yaml"), Line: 4}
			assert.Equal(t, want, r.Objects[i].Get("metadata", "name").Position())
		}
		var got []string
		for _, s := range r.Scopes() {
			for _, key := range []string{"size", "name"} {
				relative, err := filepath.Rel(folder, s.Position([]string{key}, "").String())
				require.NoError(t, err)
				got = append(got, fmt.Sprint(s.Keys, " ", key, ": ", filepath.ToSlash(relative)))
			}
		}
		assert.ElementsMatch(t, []string{
			"[] size: values.yaml", "[] name: values.yaml",
			"[big] size: values.yaml:1:13", "[big] name: charts/any-folder/values.yaml:2:7",
			"[small] size: charts/any-folder/values.yaml:1:7", "[small] name: charts/any-folder/values.yaml:2:7",
		}, got)
	}
}

func TestArchives(t *testing.T) {
	t.Parallel()
	outer := charttest.Write(t, metadata+"-- templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nl3: 1\n")
	inner := charttest.Write(t, "-- Chart.yaml --\napiVersion: v2\nname: cache\nversion: 1.0.0\n"+
		"-- templates/b.yaml --\napiVersion: v1\nkind: ConfigMap\n\nl4: 1\n")
	_, err := charttest.Package(inner, filepath.Join(outer, "charts"))
	require.NoError(t, err)
	archive, err := charttest.Package(outer, t.TempDir())
	require.NoError(t, err)

	for _, path := range []string{outer, archive} {
		c, err := Load(path)
		require.NoError(t, err)
		r := c.Render(Variant{})
		require.Empty(t, r.RenderFailures)
		checkLines(t, r, 2)
		var files []string
		for _, o := range r.Objects {
			files = append(files, o.Position().File)
		}
		assert.Contains(t, files, filepath.Join(path, "templates", "a.yaml"))
	}
	r := render(t, metadata)
	assert.Empty(t, r.Objects)
}

func TestConcurrentRenderings(t *testing.T) {
	t.Parallel()
	c, err := Load(charttest.Write(t, umbrella))
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			r := c.Render(Variant{})
			assert.Len(t, r.Scopes(), 3)
			for _, o := range r.Objects {
				assert.NotZero(t, o.Get("kind").Position().Line)
			}
		})
	}
	group.Wait()
}

func TestMaxRenderFailures(t *testing.T) {
	t.Parallel()
	files := metadata
	for i := range 3 * maxRenderFailures {
		files += fmt.Sprintf("-- templates/%d.yaml --\n{{ fail \"%d\" }}\n", i, i)
	}
	c, err := Load(charttest.Write(t, files))
	require.NoError(t, err)
	assert.Len(t, c.Render(Variant{}).RenderFailures, maxRenderFailures)
}
