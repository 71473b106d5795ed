package helm_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/internal/helm"
)

// managerAfterImport is read before any test runs, and after package helm was initialized.
var managerAfterImport = kube.ManagedFieldsManager

func TestImportingThePackageSetsNoGlobalOfHelm(t *testing.T) {
	t.Parallel()
	assert.Empty(t, managerAfterImport)

	_, err := helm.New(&rest.Config{Host: "http://127.0.0.1:1"}, helm.Options{})
	require.NoError(t, err)
	assert.Equal(t, "helm", kube.ManagedFieldsManager)
}
