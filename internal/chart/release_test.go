package chart_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
)

func render(t *testing.T, files string) (c *chart.Chart, base *chart.Rendered) {
	t.Helper()
	c, err := chart.Load(charttest.Write(t, files))
	require.NoError(t, err)
	base = c.Render(chart.Variant{})
	require.Empty(t, base.RenderFailures)
	return c, base
}

const appMetadata = `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0+local
appVersion: "2.0"
`

func TestOtherRelease(t *testing.T) {
	t.Parallel()
	assert.Len(t, chart.OtherRelease.Name, 53, "the limit of Helm")
	c, _ := render(t, appMetadata+`-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  text: "{{ .Release.Namespace }} {{ .Release.Revision }} {{ .Release.IsUpgrade }} {{ .Release.IsInstall }}"
  versions: "{{ .Chart.Version }} {{ .Chart.AppVersion }}"
`)
	objects := c.Render(chart.Variant{}.ForOtherRelease()).Objects
	require.Len(t, objects, 1)
	assert.Equal(t, chart.OtherRelease.Name, objects[0].Name)
	assert.Equal(t, chart.OtherRelease.Namespace, objects[0].Namespace())
	assert.Equal(t, "other-namespace 7654321 true false", objects[0].Get("data", "text").Text())
	assert.Equal(t, "0.1.0+build.7 2.0+build.7.app", objects[0].Get("data", "versions").Text())
	assert.Equal(t, "0.1.0+local", c.Version(), "the chart itself does not change")
}

func TestWithTemplates(t *testing.T) {
	t.Parallel()
	const files = appMetadata + `-- templates/_helpers.tpl --
{{ define "name" }}one{{ end }}
-- templates/one.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ include "name" . }}}}
-- templates/two.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: two}}
`
	c, base := render(t, files)
	assert.Len(t, base.Objects, 2)
	some := c.Render(chart.Variant{}.WithTemplates(map[string]bool{"app/templates/one.yaml": true}))
	require.Empty(t, some.RenderFailures)
	require.Len(t, some.Objects, 1)
	assert.Equal(t, "one", some.Objects[0].Name)
}

func TestPairObjects(t *testing.T) {
	t.Parallel()
	c, base := render(t, appMetadata+`-- templates/a.yaml --
{apiVersion: v1, kind: Secret, metadata: {name: "{{ .Release.Name }}-z"}}
---
{{- if .Release.IsInstall }}
{apiVersion: v1, kind: Secret, metadata: {name: at-installation}}
{{- end }}
---
{apiVersion: v1, kind: Secret, metadata: {name: "{{ .Release.Name | trunc 9 }}"}}
---
{apiVersion: v1, kind: Secret, metadata: {name: "a-{{ .Release.Name }}"}}
-- templates/b.yaml --
{apiVersion: v1, kind: Secret, metadata: {name: "{{ .Release.Namespace }}"}}
`)
	var pairs []string
	for _, pair := range chart.PairObjects(base, c.Render(chart.Variant{}.ForOtherRelease())) {
		pairs = append(pairs, pair.Base.Name+" "+pair.Other.Name)
	}
	long := chart.OtherRelease.Name
	assert.Equal(t, []string{
		"release-name-z " + long + "-z", "a-release-name a-" + long, "default other-namespace",
	}, pairs, "two Secrets of a.yaml are left, but only one for the other release")
}

func TestStable(t *testing.T) {
	t.Parallel()
	_, base := render(t, appMetadata+`-- templates/a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: "{{ .Release.Name }}-{{ randAlphaNum 8 | lower }}-test"}}
---
{apiVersion: v1, kind: Pod, metadata: {name: fixed}}
`)
	drawn, fixed := base.Objects[0], base.Objects[1]
	assert.Equal(t, "Pod/release-name-*-test is broken", base.Stable(drawn.String()+" is broken"))
	assert.Equal(t, "Pod/fixed", base.Stable(fixed.String()))
	assert.True(t, drawn.IsDrawn())
	assert.False(t, fixed.IsDrawn())

	_, base = render(t, appMetadata+"-- templates/a.yaml --\n{apiVersion: v1, kind: Pod, metadata: {name: a}}\n")
	assert.Nil(t, base.Again(), "nothing is drawn")
}

func TestIgnoredFiles(t *testing.T) {
	t.Parallel()
	c, _ := render(t, appMetadata+`-- .helmignore --
# a comment
conf/
*.tmp
-- conf/deep/rules.yaml --
a: 1
-- a.tmp --
x
-- kept.yaml --
a: 1
`)
	ignored := c.IgnoredFiles()
	require.Len(t, ignored, 2)
	assert.Equal(t, "a.tmp", ignored[0].Name)
	assert.Equal(t, 3, ignored[0].Line.Line)
	assert.Equal(t, "conf/deep/rules.yaml", ignored[1].Name)
	assert.Equal(t, 2, ignored[1].Line.Line)
	assert.Equal(t, "conf/", ignored[1].Pattern)
}

func TestForUpgrade(t *testing.T) {
	t.Parallel()
	c, _ := render(t, appMetadata+`-- templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  text: "{{ .Release.Revision }} {{ .Release.IsUpgrade }} {{ .Chart.Version }} {{ .Chart.AppVersion }}"
`)
	for nextVersion, want := range map[bool]string{false: "2 true 0.1.0+local 2.0", true: "2 true 0.1.1 2.1"} {
		objects := c.Render(chart.Variant{}.ForUpgrade(nextVersion)).Objects
		require.Len(t, objects, 1)
		assert.Equal(t, "release-name", objects[0].Name)
		assert.Equal(t, want, objects[0].Get("data", "text").Text())
	}
}

func TestNextVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.2.9": "1.2.10", "v3": "v4", "1.0.0-rc.1": "1.0.0-rc.2", "1.0.0+build.7": "1.0.1", "2.1-alpine": "2.2-alpine",
		"latest": "latest.1",
	} {
		assert.Equal(t, want, chart.NextVersion(version), version)
	}
}
