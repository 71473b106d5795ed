package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/lint/policy"
)

const schemaFile = "../../docs/chartlint.schema.json"

var update = flag.Bool("update", false, "write "+schemaFile+" anew")

// The schema that editors use is made of the types that the file is read into, and of their comments.
func TestSchemaIsOfTheTypes(t *testing.T) {
	t.Parallel()
	d := describer{comments: comments(t)}
	schema := d.describe(reflect.TypeFor[policy.Policy]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Configuration of the chart linter, " + policy.FileName
	want, err := json.MarshalIndent(schema, "", "  ")
	require.NoError(t, err)
	want = append(want, '\n')
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, want, 0o644))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "docs/chartlint.schema.json is stale: run go test ./lint/policy -run Schema -update")
}

// The schema and the reader agree on what is a configuration.
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
	} {
		file := filepath.Join(t.TempDir(), policy.FileName)
		require.NoError(t, os.WriteFile(file, []byte(test.config), 0o600))
		_, err := policy.Load(file, []string{"kube-score/pod-probes", "limits-missing", "requests-missing"})
		assert.Equal(t, test.valid, err == nil, "%s: %v", test.config, err)

		invalid := schema.Validate(asJSON(t, test.config))
		assert.Equal(t, test.valid, invalid == nil, "%s: %v", test.config, invalid)
	}
}

// asJSON is a document as the schema's validator wants it; a date is text there.
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

// describer makes a JSON Schema of Go types. A type that reads itself describes itself, by a method JSONSchema.
type describer struct {
	comments map[string]string // by type, and by type.Field
}

func (d describer) describe(t reflect.Type) map[string]any {
	if own, ok := reflect.Zero(t).Interface().(interface{ JSONSchema() map[string]any }); ok {
		return own.JSONSchema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.describe(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.describe(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.describe(t.Elem())}
	case reflect.Struct:
		if _, reads := reflect.PointerTo(t).MethodByName("UnmarshalYAML"); reads && t.NumField() > 0 && t.Field(0).Tag == "" {
			return map[string]any{"type": []string{"string", "number"}} // read from a scalar, such as a quantity
		}
		return d.object(t)
	}
	panic("a configuration cannot hold a " + t.String())
}

func (d describer) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if name == "" {
			panic(t.String() + "." + field.Name + " has no yaml name")
		}
		property := d.describe(field.Type)
		if comment := d.comments[t.Name()+"."+field.Name]; comment != "" {
			property["description"] = comment
		}
		properties[name] = property
		if field.Tag.Get("required") == "true" {
			required = append(required, name)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	if comment := d.comments[t.Name()]; comment != "" {
		schema["description"] = comment
	}
	return schema
}

// comments are the comments of the types of this package and of their fields.
func comments(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			types, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range types.Specs {
				of, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				found[of.Name.Name] = sentence(types.Doc)
				fields, ok := of.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						found[of.Name.Name+"."+name.Name] = sentence(field.Doc, field.Comment)
					}
				}
			}
		}
	}
	return found
}

func sentence(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if g != nil {
			return strings.Join(strings.Fields(g.Text()), " ")
		}
	}
	return ""
}

// The configuration in this repository is one for editors too.
func TestSchemaTakesTheChartsConfiguration(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join("../../charts/traderadmin", policy.FileName))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(asJSON(t, string(content))))
}
