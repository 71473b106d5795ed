package chart_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
)

func TestNodeType(t *testing.T) {
	t.Parallel()
	c, err := chart.Load(charttest.WriteFiles(t, map[string]string{
		"Chart.yaml":  "{apiVersion: v2, name: test, version: 0.1.0}",
		"crds/a.yaml": "kind: Any\n",
		"templates/types.yaml": `apiVersion: v1
kind: Any
string: [text, "1", 'true', "yes", 2024-01-02, 1.2.3, !!str 1, ""]
boolean: [true, False, yes, N, on, OFF]
integer: [1, -1, 0x1F, 0644, 1_000]
number: [1.5, 1e3, .inf, -.5]
"null": [null, ~, ]
map: [{}, &m {a: b}, *m]
list: [[], [1]]
`,
	}))
	require.NoError(t, err)
	objects := c.Render(chart.Variant{}).Objects
	require.Len(t, objects, 1)
	for _, is := range []chart.Type{
		chart.String, chart.Boolean, chart.Integer, chart.Number, chart.Null, chart.Map, chart.List,
	} {
		seen := 0
		for item := range objects[0].Get(string(is)).Items() {
			seen++
			assert.Equal(t, is, item.Type(), "%q", item.Text())
		}
		assert.Positive(t, seen, is)
	}
	assert.Equal(t, chart.Null, objects[0].Get("none").Type(), "a key that is not set")

	var read struct{ Integer []int }
	require.NoError(t, objects[0].Decode(&read))
	assert.Equal(t, []int{1, -1, 31, 420, 1000}, read.Integer)
	require.NoError(t, objects[0].Get("none").Decode(&read))

	assert.Equal(t, [][]byte{[]byte("kind: Any\n")}, c.CRDFiles())
}
