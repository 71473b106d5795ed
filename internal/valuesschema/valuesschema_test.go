package valuesschema_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/internal/valuesschema"
)

const umbrella = `-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
dependencies:
  - {name: cache, version: 1.0.0, repository: "", alias: small}
  - {name: cache, version: 1.0.0, repository: "", alias: big}
-- values.yaml --
big: {size: huge}
-- charts/any-folder/Chart.yaml --
apiVersion: v2
name: cache
version: 1.0.0
-- charts/any-folder/values.yaml --
size: 1
name: 7
-- charts/any-folder/values.schema.json --
{"properties": {"size": {"type": "integer"}, "name": {"type": "string"}}}
`

// Renderings of a chart share its compiled schemas.
func TestViolationsOfSubcharts(t *testing.T) {
	t.Parallel()
	folder := charttest.Write(t, umbrella)
	c, err := chart.Load(folder)
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			r := c.Render(chart.Variant{})
			var got []string
			for _, v := range valuesschema.Violations(r) {
				relative, err := filepath.Rel(folder, v.Position.String())
				assert.NoError(t, err)
				got = append(got, filepath.ToSlash(relative)+": "+v.Message)
			}
			assert.ElementsMatch(t, []string{
				`values.yaml:1:13: big.size must be an integer, not the string "huge"`,
				`charts/any-folder/values.yaml:2:7: big.name must be a string, not the number 7`,
				`charts/any-folder/values.yaml:2:7: small.name must be a string, not the number 7`,
			}, got)
			assert.Empty(t, valuesschema.Failures(r))
		})
	}
	group.Wait()
}
