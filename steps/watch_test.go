package steps

import (
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Not parallel, because it looks for goroutines of recorders.
func TestRecordersEndWithTheScenario(t *testing.T) {
	output, passed := runFeature(t, newSuite(t), `Feature: f
  Scenario: s
    When I run helm install shop ./shop
    Given deployment/shop is watched
    And deployment/shop is watched
    Then at least 0 pods of deployment/shop were ready all along
`, 1)

	require.True(t, passed, output)
	var goroutines strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&goroutines, 1))
	assert.NotContains(t, goroutines.String(), "(*recorder)")
}
