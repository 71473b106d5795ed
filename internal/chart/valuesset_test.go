package chart

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/cli/values"

	"github.com/traderadmin/charts/internal/chart/charttest"
)

// The values are those that Helm's command line computes from the same files and assignments.
func TestValuesSetMatchesHelm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ files, set []string }{
		"nothing":             {},
		"an empty file":       {files: []string{"", "# comment\n"}},
		"later files win":     {files: []string{"a: 1\nb: {c: 1, d: [1, 2]}", "b: {c: 2, e: 3}", "b: {d: [3]}"}},
		"a map for a scalar":  {files: []string{"a: 1", "a: {b: 1}"}},
		"a scalar for a map":  {files: []string{"a: {b: 1}", "a: 1"}},
		"null":                {files: []string{"a: {b: 1, c: 2}", "a: {b: null}"}},
		"null, then a value":  {files: []string{"a: null", "a: {b: 1}"}},
		"assignments":         {files: []string{"a: {b: 1}"}, set: []string{"a.b=2", "c[1].d=x", "e={1,2}", "a.f=null"}},
		"anchors and numbers": {files: []string{"a: &a {b: 1e3, c: 012, d: 1.0}\ne: *a\nf: {<<: *a, b: 2}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var files []string
			for i, content := range test.files {
				file := filepath.Join(t.TempDir(), fmt.Sprint(i, ".yaml"))
				require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
				files = append(files, file)
			}
			set, err := ReadValuesSet(name, files, test.set, Position{})
			require.NoError(t, err)
			helm := values.Options{ValueFiles: files, Values: test.set}
			want, err := helm.MergeValues(nil)
			require.NoError(t, err)
			assert.Equal(t, want, set.overrides())
		})
	}
}

func TestDependsOnKubeVersion(t *testing.T) {
	t.Parallel()
	const (
		plain    = metadata + "-- templates/a.yaml --\nkind: {{ .Values.kind }}\n"
		subchart = "-- charts/sub/Chart.yaml --\napiVersion: v2\nname: sub\nversion: 1.0.0\n" +
			"-- charts/sub/templates/a.yaml --\n{{ .Capabilities }}\n"
	)
	inValues, err := ReadValuesSet("", nil, []string{`kind=\{\{ .Capabilities.KubeVersion \}\}`}, Position{})
	require.NoError(t, err)
	for files, want := range map[string]bool{
		plain: false,
		plain + "-- templates/_b.tpl --\n{{ .Capabilities.APIVersions }}\n": true,
		plain + "-- values.yaml --\nkind: '{{ $.Capabilities }}'\n":         true,
		plain + subchart: true,
	} {
		c, err := Load(charttest.Write(t, files))
		require.NoError(t, err)
		assert.Equal(t, want, c.DependsOnKubeVersion(nil), files)
		assert.True(t, c.DependsOnKubeVersion(inValues))
	}
}

func TestKubeVersions(t *testing.T) {
	t.Parallel()
	versions := KubeVersions()
	require.Len(t, versions, 4)
	assert.Equal(t, DefaultKubeVersion, versions[3])
	for i, version := range versions {
		v, err := NewVariant(version)
		require.NoError(t, err)
		assert.Equal(t, version, v.KubeVersion())
		if i > 0 {
			assert.Greater(t, version, versions[i-1])
		}
	}
	assert.Equal(t, DefaultKubeVersion, Variant{}.KubeVersion())
}
