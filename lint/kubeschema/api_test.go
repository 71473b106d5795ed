package kubeschema_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func TestAPIVersions(t *testing.T) {
	t.Parallel()
	for _, version := range kubeschema.Versions() {
		v, err := kubeschema.ParseVersion(version)
		require.NoError(t, err)
		served := v.APIVersions()
		assert.Subset(t, served, []string{"v1", "v1/Pod", "apps/v1", "apps/v1/Deployment", "policy/v1"}, version)
		assert.NotContains(t, served, "policy/v1beta1", version)
	}
	old, err := kubeschema.ParseVersion("1.20")
	require.NoError(t, err)
	assert.Empty(t, old.APIVersions(), "the version is too old to be known")
}
