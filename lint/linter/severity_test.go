package linter_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
)

// findings returns the findings of a rule in a chart, each as "severity message".
func findings(t *testing.T, files, rule string) []string {
	t.Helper()
	result, err := linter.Run(context.Background(), []string{charttest.Write(t, metadata+files)}, linter.Options{})
	require.NoError(t, err)
	var found []string
	for _, f := range result.Findings {
		if f.Rule == rule {
			found = append(found, f.Severity.String()+" "+f.Message)
		}
	}
	return found
}

// A default that is empty because users have to choose the value is no mistake of a chart that shows one.
func TestDemandsOfTheSchema(t *testing.T) {
	t.Parallel()
	const schema = `-- values.schema.json --
{"required": ["owner"], "properties": {"policy": {"type": "string"}, "owner": {"type": "string", "minLength": 1}}}
-- values.yaml --
`
	const chosen = "-- ci/chosen-values.yaml --\npolicy: sync\nowner: me\n"
	const rule = "values-schema-violation"
	for name, test := range map[string]struct{ files, severity string }{
		"a null is chosen":           {schema + "owner: me\npolicy:\n" + chosen, "info"},
		"a key is chosen":            {schema + "policy: sync\n" + chosen, "info"},
		"an empty text is chosen":    {schema + "owner: ''\npolicy: sync\n" + chosen, "info"},
		"nothing shows the choice":   {schema + "owner: me\npolicy:\n", "warning"},
		"a wrong default":            {schema + "owner: me\npolicy: 3\n" + chosen, "error"},
		"the other set is no better": {schema + "owner: me\npolicy:\n-- ci/a-values.yaml --\npolicy: 3\n", "error"},
		"the policy decides": {
			schema + "owner: me\npolicy:\n" + chosen + "-- .chartlint.yaml --\nrules: {" + rule + ": warning}\n", "warning",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := findings(t, test.files, rule)
			require.NotEmpty(t, found)
			assert.True(t, strings.HasPrefix(found[0], test.severity+" "), found)
		})
	}
}

// A port that the pods have with other values, and a name that the values give, are no errors.
func TestLowerSeverities(t *testing.T) {
	t.Parallel()
	const deployment = `-- templates/a.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          ports:
            - name: web
              containerPort: 8080
            {{- if .Values.exporter }}
            - name: metrics
              containerPort: 9150
            {{- end }}
      {{- with .Values.extraVolumes }}
      volumes: {{- tpl (toYaml .) $ | nindent 8 }}
      {{- end }}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports:
    - name: metrics
      port: 9150
      targetPort: NAME
`
	port := func(name string) []string {
		return findings(t, strings.ReplaceAll(deployment, "NAME", name), "service-port-undeclared")
	}
	assert.Equal(t, []string{"warning Service/app targets port metrics/TCP, but its pods declare only web (8080/TCP)"},
		port("metrics"))
	assert.Equal(t, []string{"error Service/app targets port metricz/TCP, but its pods declare only web (8080/TCP)"},
		port("metricz"))

	const given = `-- values.yaml --
extraVolumes: [{name: a, configMap: {name: "{{ .Release.Name }}-a"}}]
`
	missing := findings(t, deployment+given, "reference-object-missing")
	require.Len(t, missing, 1)
	assert.True(t, strings.HasPrefix(missing[0], "info volume \"a\" of Deployment/app mounts "), missing)
}

// A sample that a template prints at a wrong place is one finding.
func TestMisplacedSampleIsOneFinding(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, metadata+`-- values.yaml --
extraEnv: []
-- templates/a.yaml --
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: right
      image: app:1.0
      {{- with .Values.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    - name: wrong
      image: app:1.0
      ports:
        - name: web
          containerPort: 8080
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
`)
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	var found []linter.Finding
	for _, f := range result.Findings {
		if f.Probe.Flags != "" {
			found = append(found, f)
		}
	}
	require.Len(t, found, 1)
	assert.Equal(t, "manifest-field-unknown", found[0].Rule)
}
