// Package charts has the acceptance tests of the chart in charts/traderadmin. The scenarios are in features.
package charts

import (
	"testing"

	"github.com/traderadmin/charts/acceptance"
)

// TestFeatures lints the chart, starts a cluster, and runs each scenario in features as a subtest.
func TestFeatures(t *testing.T) {
	acceptance.Run(t, acceptance.Suite{
		Chart:     "./charts/traderadmin",
		Release:   "traderadmin",
		Namespace: "trader",
	})
}
