package draft_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/lint/draft"
	"github.com/traderadmin/charts/lint/linter"
)

const app = `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
dependencies:
  - {name: cache, version: 1.0.0, repository: "", condition: caching.enabled, tags: [data]}
-- charts/cache/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- values.yaml --
# Default values for app.
# Declare variables to be passed into your templates.

# -- (int) Number of pods
replicaCount:

## @param image.tag Tag of the image
image: {repository: app, tag: ""}
service:
  # The port of the Service.
  # Another paragraph, without an empty line.
  port: 80
  targetPort: http
  nodePort: ""
  # clusterIP: None
resources: {limits: {cpu: 1}}
podAnnotations: {}
hosts: [a.example]
debug: true
ratio: 1
pdb: {enabled: false, minAvailable: 1}
unread: {a: 1}
-- ci/large-values.yaml --
ratio: 0.5
service: {type: NodePort}
debug: "yes"
hosts: [{name: b.example}]
-- templates/a.yaml --
a: {{ .Values.replicaCount }}{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ .Values.image.digest }}
b: {{ .Values.service.port }}{{ .Values.service.targetPort }}{{ .Values.service.nodePort }}
c: {{ .Values.service.clusterIP }}{{ .Values.service.type }}
d: {{ toYaml .Values.resources | nindent 2 }}
e: {{ toYaml .Values.podAnnotations | nindent 2 }}
f: {{ range .Values.hosts }}{{ . }}{{ end }}
g: {{ .Values.debug }}{{ .Values.ratio }}
h: {{ if .Values.pdb.enabled }}{{ toYaml (omit .Values.pdb "enabled") | nindent 2 }}{{ end }}
`

func TestDraft(t *testing.T) {
	t.Parallel()
	c, sets := load(t, app)
	content, err := draft.Schema(c, sets)
	require.NoError(t, err)
	want, err := os.ReadFile(filepath.Join("testdata", "app.schema.json"))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(content))
	require.True(t, json.Valid(content))

	compiled, err := schema.Compile(content)
	require.NoError(t, err)
	for _, accepted := range []string{
		`{}`, `{"replicaCount": 2}`, `{"replicaCount": null}`, `{"service": {"nodePort": 30080, "targetPort": 8080}}`,
		`{"resources": {"requests": {"cpu": "500m"}}}`, `{"podAnnotations": {"a/b": "c"}}`, `{"image": {"digest": "x"}}`,
		`{"pdb": {"maxUnavailable": "50%"}}`, `{"global": {"a": 1}, "enabled": false, "tags": {"data": true}}`,
		`{"caching": {"enabled": false}, "cache": {"size": 1}}`, `{"unread": {"b": 2}}`,
	} {
		assert.Empty(t, compiled.Validate(decode(t, accepted)), accepted)
	}
	for _, refused := range []string{
		`{"replicas": 2}`, `{"replicaCount": "2"}`, `{"image": {"tga": "1"}}`, `{"image": {"tag": 58467965}}`,
		`{"service": {"ports": 1}}`, `{"podAnnotations": []}`, `{"pdb": {"enabled": "yes"}}`,
	} {
		assert.NotEmpty(t, compiled.Validate(decode(t, refused)), refused)
	}
}

// A chart with the draft has no finding about its schema.
func TestLinterAcceptsDraft(t *testing.T) {
	t.Parallel()
	c, sets := load(t, app)
	content, err := draft.Schema(c, sets)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(c.Path(), chart.SchemaJSON), content, 0o600))
	result, err := linter.Run(t.Context(), []string{c.Path()}, linter.Options{Profile: "strict"})
	require.NoError(t, err)
	for _, f := range result.Findings {
		assert.NotContains(t, f.Rule, "schema", f.Message)
		assert.NotEqual(t, "values-undeclared", f.Rule, f.Message)
	}
}

// If it is not known what the templates read, all maps are open.
func TestDraftOfUnknownTemplates(t *testing.T) {
	t.Parallel()
	c, sets := load(t, "-- Chart.yaml --\napiVersion: v2\nname: app\nversion: 0.1.0\n"+
		"-- values.yaml --\na: {b: 1}\n-- templates/a.yaml --\n{{ .Values.a.b }}{{ end }}\n")
	content, err := draft.Schema(c, sets)
	require.NoError(t, err)
	compiled, err := schema.Compile(content)
	require.NoError(t, err)
	assert.Empty(t, compiled.Validate(decode(t, `{"x": 1, "a": {"c": 2}}`)))
}

func TestLibraryHasNoDraft(t *testing.T) {
	t.Parallel()
	c, sets := load(t, "-- Chart.yaml --\napiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n")
	_, err := draft.Schema(c, sets)
	require.EqualError(t, err, "a library chart has no values of its own")
}

func load(t *testing.T, files string) (*chart.Chart, []*chart.ValuesSet) {
	t.Helper()
	c, err := chart.Load(charttest.Write(t, files))
	require.NoError(t, err)
	sets, err := c.ValuesSets()
	require.NoError(t, err)
	return c, sets
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}
