package draw_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/draw"
	"github.com/traderadmin/charts/lint/probe"
)

// newSource returns a source of draws for a chart with a schema and values.
func newSource(t *testing.T, schema, values, template string) (*chart.Rendered, *draw.Source) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "templates"), 0o700))
	for name, content := range map[string]string{
		"Chart.yaml": "{apiVersion: v2, name: app, version: 0.1.0}", "values.yaml": values,
		"values.schema.json": schema, "templates/web.yaml": template,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	c, err := chart.Load(folder)
	require.NoError(t, err)
	base := c.Render(chart.Variant{})
	require.Empty(t, base.RenderFailures)
	return base, draw.NewSource(base, func(settings []probe.Setting) *chart.Rendered {
		var plain []chart.Setting
		for _, s := range settings {
			plain = append(plain, s.Setting)
		}
		var none *chart.ValuesSet
		return c.Render(chart.Variant{}.WithValues(none.With("probe", plain)))
	})
}

// draws returns the flags of some draws, which are all valid.
func draws(t *testing.T, base *chart.Rendered, source *draw.Source, seed int64) []string {
	t.Helper()
	var all []string
	parameters := gopter.DefaultTestParametersWithSeed(seed)
	result := prop.ForAll(func(d draw.Draw) bool {
		all = append(all, d.Flags())
		return len(valuesschema.Validate(base, base.ValuesWith(d.Settings()))) == 0
	}, source.Gen()).Check(parameters)
	assert.Equal(t, gopter.TestPassed, result.Status)
	return all
}

const (
	schema = `{"properties": {
		"image": {"type": "string"},
		"use": {"type": "string"},
		"port": {"type": "integer", "minimum": 1, "maximum": 3},
		"metrics": {"properties": {"enabled": {"type": "boolean"}, "port": {"enum": [1, 2]}}},
		"either": {"oneOf": [{"const": 1}, {"const": 2}]},
		"if": {"const": 7}
	}, "if": {"properties": {"port": {"const": 3}}}, "then": {"required": ["other"]}}`
	values   = `{image: "redis:7", use: unknown, port: 2, metrics: {enabled: false, port: 1}, either: 1, if: 7}`
	template = `{apiVersion: v1, kind: Pod, metadata: {name: a},
spec: {containers: [{name: a, image: {{ .Values.image }}}]}}`
)

// Every value is drawn that the schema allows with the others, and of texts only such that fit their use. A part of the
// chart that is off is switched on for its values.
func TestDraws(t *testing.T) {
	t.Parallel()
	base, source := newSource(t, schema, values, template)
	drawn := draws(t, base, source, 1)
	for _, want := range []string{
		"--set image=registry.example.com/sample:1.2.3", "--set port=1", "--set either=2",
		"--set metrics.enabled=true --set metrics.port=2",
	} {
		assert.Contains(t, drawn, want)
	}
	for _, flags := range drawn {
		assert.NotContains(t, flags, "use=")
		assert.NotRegexp(t, `(^|\s)port=3`, flags)
	}
}

func TestDrawsAreRepeatable(t *testing.T) {
	t.Parallel()
	base, source := newSource(t, schema, values, template)
	_, again := newSource(t, schema, values, template)
	first := draws(t, base, source, 1)
	assert.Equal(t, first, draws(t, base, again, 1))
	_, other := newSource(t, schema, values, template)
	assert.NotEqual(t, first, draws(t, base, other, 2))
}

// A draw that fails is reduced to the fewest and smallest values that fail.
func TestDrawsShrink(t *testing.T) {
	t.Parallel()
	_, source := newSource(t, `{"properties": {"a": {"type": "integer"}, "b": {"type": "boolean"},
		"c": {"type": "array", "items": {"type": "object", "properties": {"d": {"type": "integer", "minimum": 0}}}}}}`,
		`{a: 5, b: false, c: []}`, "")
	result := prop.ForAll(func(d draw.Draw) bool {
		for _, c := range d {
			list, _ := c.Value.([]any)
			for _, item := range list {
				if n, _ := item.(map[string]any)["d"].(float64); n > 8 {
					return false
				}
			}
		}
		return true
	}, source.Gen()).Check(gopter.DefaultTestParametersWithSeed(1))
	require.Equal(t, gopter.TestFailed, result.Status)
	smallest := result.Args[len(result.Args)-1].Arg.(draw.Draw)
	assert.Equal(t, `--set-json 'c=[{"d":9}]'`, smallest.Flags())
}
