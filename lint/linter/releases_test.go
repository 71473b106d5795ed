package linter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
)

// releaseFindings returns the findings of cluster-name-fixed, each as "object (variants)".
func releaseFindings(t *testing.T, files string) []string {
	t.Helper()
	result, err := linter.Run(context.Background(), []string{write(t, files)}, linter.Options{})
	require.NoError(t, err)
	var found []string
	for _, f := range result.Findings {
		if f.Rule == "cluster-name-fixed" {
			found = append(found, f.Object+" ("+f.Variants+")")
		}
	}
	return found
}

const roles = `-- values.yaml --
more: false
-- values-large.yaml --
more: true
-- values-small.yaml --
more: false
-- templates/always.yaml --
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: always
-- templates/more.yaml --
{{- if .Values.more }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: more
{{- end }}
`

func TestFindingsOfAnotherReleaseNameTheirVariants(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"ClusterRole/always ()", "ClusterRole/more (values-large.yaml)"}, releaseFindings(t, roles))
}

// The chart names Capabilities, so that it is rendered for each version, and renders the same on some.
func TestFindingsOfAnotherReleaseOnSomeVersions(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"ClusterRole/always ()", "ClusterRole/more (values-large.yaml)"}, releaseFindings(t, roles+
		`-- templates/version.yaml --
{{- if ge (.Capabilities.KubeVersion.Minor | int) 36 }}
{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}
{{- end }}
`))
}
