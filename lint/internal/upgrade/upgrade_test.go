package upgrade_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/lint/internal/apicheck"
	"github.com/traderadmin/charts/lint/internal/upgrade"
)

var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// example is an upgrade of one object.
type example struct {
	Name          string
	Object        map[string]any
	Set           map[string]any
	Beside        map[string]any // an object that does not change
	Refused, Says string
}

func examples(t *testing.T) []example {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "upgrades.yaml"))
	require.NoError(t, err)
	var all []example
	require.NoError(t, yaml.UnmarshalStrict(content, &all))
	for _, e := range all {
		if e.Object["kind"] != "CustomResourceDefinition" {
			e.Object["metadata"].(map[string]any)["name"] = e.Name // no other object of the cluster has it
		}
	}
	return all
}

// charts writes the chart before and after the upgrade, and returns their folders.
func (e example) charts(t *testing.T) (before, after string) {
	t.Helper()
	write := func(version string, object any) string {
		files := map[string]string{"Chart.yaml": "apiVersion: v2\nname: app\nversion: " + version + "\n"}
		for name, manifest := range map[string]any{"object": object, "beside": e.Beside} {
			content, err := yaml.Marshal(manifest)
			require.NoError(t, err)
			files["templates/"+name+".yaml"] = string(content)
		}
		return charttest.WriteFiles(t, files)
	}
	return write("1.0.0", e.Object), write("1.1.0", e.upgraded(t))
}

func (e example) upgraded(t *testing.T) any {
	t.Helper()
	content, err := json.Marshal(e.Object)
	require.NoError(t, err)
	var object any
	require.NoError(t, json.Unmarshal(content, &object))
	for pointer, value := range e.Set {
		object = set(object, strings.Split(strings.TrimPrefix(pointer, "/"), "/"), value)
	}
	return object
}

func set(object any, keys []string, value any) any {
	if len(keys) == 0 {
		return value
	}
	switch v := object.(type) {
	case []any:
		if keys[0] == "-" {
			return append(v, value)
		}
		i, _ := strconv.Atoi(keys[0])
		v[i] = set(v[i], keys[1:], value)
	case map[string]any:
		if v[keys[0]] = set(v[keys[0]], keys[1:], value); v[keys[0]] == nil {
			delete(v, keys[0])
		}
	default:
		return map[string]any{keys[0]: set(nil, keys[1:], value)}
	}
	return object
}

// TestUpgrades holds the verdict on each example against a real upgrade with Helm.
func TestUpgrades(t *testing.T) {
	t.Parallel()
	checker, err := apicheck.Start(context.Background(), os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, checker.Close()) })
	all := examples(t)
	client, err := helm.New(shared.Config(t), helm.Options{})
	require.NoError(t, err)
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			before, after := e.charts(t)
			u := upgrade.New(render(t, before), render(t, after))
			refused, err := u.Refused(checker, chart.DefaultKubeVersion)
			require.NoError(t, err)
			clashes, err := u.Clashes(checker, chart.DefaultKubeVersion)
			require.NoError(t, err)
			var fields, reasons []string
			for _, r := range refused {
				fields, reasons = append(fields, path(r.Changes)), append(reasons, r.Refusal.Field, r.Refusal.Message)
			}
			for _, c := range clashes {
				fields, reasons = append(fields, c.Refusal.Field), append(reasons, c.Refusal.Field, c.Refusal.Message)
			}
			err = e.reallyUpgrade(t, client, before, after)
			if e.Refused == "" && e.Says == "" {
				assert.Empty(t, fields)
				assert.NoError(t, err)
				return
			}
			assert.Equal(t, []string{e.Refused}, fields)
			require.ErrorContains(t, err, e.Says)
			for _, reason := range reasons {
				line, _, _ := strings.Cut(reason, "\n")
				assert.ErrorContains(t, err, line[strings.LastIndex(line, ": ")+1:], "without the value")
			}
		})
	}
}

func render(t *testing.T, folder string) *chart.Rendered {
	t.Helper()
	loaded, err := chart.Load(folder)
	require.NoError(t, err)
	rendered := loaded.Render(chart.Variant{})
	require.Empty(t, rendered.RenderFailures)
	require.NotEmpty(t, rendered.Objects, "%v", rendered.ManifestFailures)
	return rendered
}

// path returns the path of the first of some changes.
func path(changes []upgrade.Change) string {
	var text strings.Builder
	for i, key := range changes[0].Path {
		switch _, err := strconv.Atoi(key); {
		case err == nil:
			text.WriteString("[" + key + "]")
		case i == 0:
			text.WriteString(key)
		default:
			text.WriteString("." + key)
		}
	}
	return text.String()
}

// reallyUpgrade installs the chart of before in a namespace of its own, and returns the error of the upgrade.
func (e example) reallyUpgrade(t *testing.T, client helm.Helm, before, after string) error {
	t.Helper()
	run := func(words ...string) error {
		_, err := client.Run(t.Context(), helm.Scope{}, append(words, "--namespace", "in-"+e.Name)...)
		return err
	}
	install := []string{"install", "app", before, "--create-namespace"}
	if e.Beside != nil {
		install = append(install, "--wait")
	}
	require.NoError(t, run(install...))
	return run("upgrade", "app", after)
}

// TestReusedValues compares the values of a rendering that reuses those of a release with what Helm makes of them.
func TestReusedValues(t *testing.T) {
	t.Parallel()
	const print = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {values: {{ .Values | toJson | quote }}}\n"
	files := func(version, values, ofSub string) map[string]string {
		return map[string]string{
			"Chart.yaml": "apiVersion: v2\nname: app\nversion: " + version +
				"\ndependencies: [{name: sub, version: 1.x, condition: sub.enabled}]\n",
			"values.yaml":                 values,
			"templates/a.yaml":            fmt.Sprintf(print, "values"),
			"charts/sub/Chart.yaml":       "{apiVersion: v2, name: sub, version: 1.0.0}",
			"charts/sub/values.yaml":      ofSub,
			"charts/sub/templates/a.yaml": fmt.Sprintf(print, "sub"),
		}
	}
	before := files("1.0.0", "{a: 1, b: {c: 1, d: 2}, removed: true, n: null}", "{x: 1, y: {z: 1}}")
	before["values-large.yaml"] = "{a: 2, b: {c: null, e: 3}, sub: {x: 5}}"
	old := charttest.WriteFiles(t, before)
	present := charttest.WriteFiles(t,
		files("1.1.0", "{a: 7, b: {c: 8, new: 9}, added: true, n: 1}", "{x: 7, y: {z: 8, new: 9}, added: true}"))

	client, err := helm.New(shared.Config(t), helm.Options{})
	require.NoError(t, err)
	run := func(words ...string) string {
		result, err := client.Run(t.Context(), helm.Scope{}, append(words, "--namespace", "reused")...)
		require.NoError(t, err)
		return result.Output
	}
	run("install", "app", old, "--create-namespace", "-f", filepath.Join(old, "values-large.yaml"))
	run("upgrade", "app", present, "--reuse-values")
	manifest := run("get", "manifest", "app")

	base, err := chart.Load(old)
	require.NoError(t, err)
	sets, err := base.ValuesSets()
	require.NoError(t, err)
	reusing, err := chart.Variant{}.Reusing(base.Render(chart.Variant{}.WithValues(sets[0])))
	require.NoError(t, err)
	loaded, err := chart.Load(present)
	require.NoError(t, err)
	objects := loaded.Render(reusing).Objects
	require.Len(t, objects, 2)
	for _, o := range objects {
		assert.Contains(t, manifest, strconv.Quote(o.Get("data", "values").Text()))
	}
}
