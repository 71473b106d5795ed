package fix

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClosedRootGetsGlobal(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"additionalProperties": false, "properties": {}}`://
		`{"additionalProperties": false, "properties": {"global": {"type": "object"}}}`,
		"{\n\t\"properties\": {\n\t\t\"ä\": {}\n\t},\n\t\"additionalProperties\": false\n}\n": //
		"{\n\t\"properties\": {\n\t\t\"global\": {\"type\": \"object\"},\n\t\t\"ä\": {}\n\t},\n" +
			"\t\"additionalProperties\": false\n}\n",
		"{\"ä\": 1, \"additionalProperties\": false, \"properties\": { \"a\": {} }}"://
		"{\"ä\": 1, \"additionalProperties\": false, \"properties\": { \"global\": {\"type\": \"object\"}, \"a\": {} }}",
		`{"additionalProperties": false, "patternProperties": {"^g": {}}, "properties": {"a": {}}}`://
		`{"additionalProperties": false, "patternProperties": {"^g": {}}, "properties": {"a": {}}}`,
		`{"properties": {"a": {}}}`: `{"properties": {"a": {}}}`,
	} {
		folder := t.TempDir()
		file := filepath.Join(folder, "values.schema.json")
		require.NoError(t, os.WriteFile(filepath.Join(folder, "Chart.yaml"),
			[]byte("apiVersion: v2\nname: app\nversion: 0.1.0\n"), 0o600))
		require.NoError(t, os.WriteFile(file, []byte(schema), 0o600))
		_, err := Chart(folder, nil)
		require.NoError(t, err, schema)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		changes, err := Chart(folder, nil)
		require.NoError(t, err)
		assert.Empty(t, changes, "a fix is made once")
	}
}

func TestArchiveIsRefused(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "app-0.1.0.tgz")
	require.NoError(t, os.WriteFile(archive, nil, 0o600))
	_, err := Chart(archive, nil)
	require.ErrorContains(t, err, "is an archive: extract it first")
}
