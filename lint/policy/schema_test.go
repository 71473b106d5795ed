package policy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/lint/policy"
)

const schemaFile = "../../docs/chartlint.schema.json"

func TestSchemaFileIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := policy.Schema()
	require.NoError(t, err)
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "docs/chartlint.schema.json is stale: run `make docs`")
}

// Every key has a description that begins with the key, not with the name of the Go field.
func TestSchemaDescribesKeys(t *testing.T) {
	t.Parallel()
	content, err := policy.Schema()
	require.NoError(t, err)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(content, &schema))
	properties := schema["properties"].(map[string]any)
	for key, property := range properties {
		description, _ := property.(map[string]any)["description"].(string)
		assert.Regexp(t, "^"+key+" [a-z]", description)
	}
}

// The schema accepts what Load accepts.
func TestSchemaAgreesWithLoad(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	for _, test := range []struct {
		config string
		valid  bool
	}{
		{"{}", true},
		{"rules: {limits-missing: warning, requests-missing: off}", true},
		{"rules: {limits-missing: fatal}", false},
		{"rules: [limits-missing]", false},
		{"kubeVersions: ['1.36', v1.37.2]", true},
		{"kubeVersions: 1.36", false},
		{"podSecurity: restricted", true},
		{"podSecurity: {values-production.yaml: restricted, '*': baseline}", true},
		{"podSecurity: strict", false},
		{"podSecurity: {default values: strict}", false},
		{"podSecurity: [restricted]", false},
		{"practices: true", true},
		{"practices: [kube-score/pod-probes]", true},
		{"practices: always", false},
		{"practices: {}", false},
		{"valuesSets: [{name: arm, set: [a=b]}]", true},
		{"valuesSets: [{set: [a=b]}]", false},
		{"suppressions: [{rule: limits-missing, reason: Because., until: 2027-01-31}]", true},
		{"suppressions: [{rule: limits-missing}]", false},
		{"suppressions: [{rule: limits-missing, reason: Because., for: ever}]", false},
		{"suppressions: [{rule: limits-missing, reason: Because., until: soon}]", false},
		{"resource: {}", false},
		{"resources: {maxLimitRequestRatio: {cpu: 0, memory: 1.5}}", true},
		{"resources: {maxLimitRequestRatio: {cpu: 0.5}}", false},
		{"resources: {quota: {pods: 4, requests.cpu: 500m}}", true},
		{"resources: {quota: {pods: [4]}}", false},
		{"resources: {nodes: {count: 3, allocatable: {cpu: 4}}}", true},
		{"resources: {nodes: {count: -1}}", false},
		{"resources: {customResources: [{apiVersion: a/v1, kind: A, path: spec}]}", true},
		{"resources: {customResources: [{apiVersion: a/v1, kind: A}]}", false},
		{"resources: {required: {main: {limits: {cpu: false}}}}", true},
		{"resources: {required: {main: {limits: {cpu: never}}}}", false},
	} {
		file := filepath.Join(t.TempDir(), policy.FileName)
		require.NoError(t, os.WriteFile(file, []byte(test.config), 0o600))
		_, err := policy.Load(file, []string{"kube-score/pod-probes", "limits-missing", "requests-missing"})
		assert.Equal(t, test.valid, err == nil, "%s: %v", test.config, err)

		invalid := schema.Validate(asJSON(t, test.config))
		assert.Equal(t, test.valid, invalid == nil, "%s: %v", test.config, invalid)
	}
}

func TestSchemaAcceptsTheChartsConfiguration(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join("../../charts/traderadmin", policy.FileName))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(asJSON(t, string(content))))
}

// asJSON converts a YAML document for the validator. Dates are strings in JSON.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var document map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &document))
	content, err := json.Marshal(document)
	require.NoError(t, err)
	content = bytes.ReplaceAll(content, []byte("T00:00:00Z"), nil)
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(t, err)
	return read
}
