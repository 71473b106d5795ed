package linter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
)

const manyOfOneCause = `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
a: 1
b: 1
c: 1
d: 1
e: 1
shards: [blue, green]
port: 8080
-- ci/other-values.yaml --
shards: [red]
-- values.schema.json --
{"type": "object", "properties": {"port": {"type": "integer"}}}
-- templates/all.yaml --
{{- range .Values.shards }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-{{ . }}}
spec:
  selector: {matchLabels: {app: "{{ . }}"}}
  template:
    metadata: {labels: {app: "{{ . }}"}}
    spec:
      containers:
        - name: main
          image: app:1.0
          env: [{name: PORT, value: {{ $.Values.port }}}]
---
apiVersion: example.com/v1
kind: Shard
metadata: {name: {{ . }}}
spec: {of: {{ $.Values.a }}{{ $.Values.b }}{{ $.Values.c }}{{ $.Values.d }}{{ $.Values.e }}}
---
{{- end }}
`

// Findings of one cause are one, with their number, in all of their variants.
func TestFindingsOfOneCauseAreJoined(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, manyOfOneCause)
	lint := func(options linter.Options) map[string][]linter.Finding {
		result, err := linter.Run(context.Background(), []string{folder}, options)
		require.NoError(t, err)
		byRule := map[string][]linter.Finding{}
		for _, f := range result.Findings {
			byRule[f.Rule] = append(byRule[f.Rule], f)
		}
		return byRule
	}
	for id, want := range map[string]string{
		"values-schema-incomplete": "values.schema.json does not describe 6 keys of values.yaml: a, b, c and 3 more",
		"kind-unknown": "3 objects of the kind example.com/v1 Shard are not checked, because no custom resource " +
			"definition of it is known: Shard/blue, Shard/green and Shard/red",
		"limits-missing": `container "main" of Deployment/app-blue has no limits for cpu and memory ` +
			"(also in Deployment/app-green and Deployment/app-red)",
		"manifest-type-wrong": "Deployment/app-blue: spec.template.spec.containers[0].env[0].value must be a string, not " +
			"the integer 8080 (also in Deployment/app-green and Deployment/app-red)",
	} {
		joined, separate := lint(linter.Options{})[id], lint(linter.Options{Separate: true})[id]
		if assert.Len(t, joined, 1, id) {
			assert.Equal(t, want, joined[0].Message)
			assert.Empty(t, joined[0].Variants, "some of them are in each variant")
			assert.Len(t, separate, joined[0].Count, id)
		}
		for _, f := range separate {
			assert.Zero(t, f.Count, id)
		}
	}
}

// A finding that a suppression accepts is not counted.
func TestSuppressedFindingsAreNotJoined(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, manyOfOneCause+`-- .chartlint.yaml --
suppressions:
  - {rule: limits-missing, object: Deployment/app-blue, reason: It is the only one.}
`)
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	for _, f := range result.Findings {
		if f.Rule == "limits-missing" {
			assert.Equal(t, 2, f.Count)
			assert.Contains(t, f.Message, "Deployment/app-green has no limits for cpu and memory (also in Deployment/app-red)")
		}
	}
}

// Different mistakes at one line stay apart.
func TestDifferentFindingsAreNotJoined(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
resources: {limits: {cpu: 20, memory: 40Gi}, requests: {cpu: 1, memory: 1Gi}}
-- templates/pod.yaml --
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: main
      image: app:1.0
      resources: {{ toJson .Values.resources }}
`)
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	var ratios []string
	for _, f := range result.Findings {
		if f.Rule == "limit-ratio" {
			ratios = append(ratios, f.Message)
		}
	}
	assert.Len(t, ratios, 2, "of cpu and of memory")
}

// A block that is indented wrongly, and an object that several places refer to, are one cause.
func TestFindingsOfOnePlaceAreJoined(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}
-- templates/pod.yaml --
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: app:1.0
      resources:
      {{- toYaml .Values.resources | nindent 6 }}
      env:
        - name: A
          valueFrom: {configMapKeyRef: {name: {{ .Release.Name }}-a, key: a}}
        - name: B
          valueFrom: {configMapKeyRef: {name: {{ .Release.Name }}-a, key: b}}
`)
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{})
	require.NoError(t, err)
	var unknown, missing []linter.Finding
	for _, f := range result.Findings {
		switch f.Rule {
		case "manifest-field-unknown":
			unknown = append(unknown, f)
		case "reference-object-missing":
			missing = append(missing, f)
		}
	}
	require.Len(t, unknown, 1)
	assert.Contains(t, unknown[0].Message, "pod.yaml:9 prints do not belong there in v1 Pod: spec.containers[0].limits ")
	assert.Equal(t, 2, unknown[0].Count)
	require.Len(t, missing, 1)
	assert.Equal(t, `container "app" of Pod/app reads A from ConfigMap/release-name-a, which the release does not `+
		"contain, although it is named after the release (also in 1 other place)", missing[0].Message)
	assert.Equal(t, 2, missing[0].Count)
}
