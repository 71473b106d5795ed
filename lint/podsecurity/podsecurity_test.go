package podsecurity

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/pod-security-admission/policy"
)

// TestControls holds the controls against the checks of the admission plugin.
func TestControls(t *testing.T) {
	t.Parallel()
	var checked []policy.CheckID
	for _, c := range policy.DefaultChecks() {
		checked = append(checked, c.ID)
	}
	assert.ElementsMatch(t, checked, slices.Collect(maps.Keys(controls)))
}
