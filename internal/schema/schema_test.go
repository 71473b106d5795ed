package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/schema"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		schema, value string
		want          []string // path and problem
	}{
		"valid": {
			schema: `{"type": "object"}`,
			value:  `{}`,
		},
		"type": {
			schema: `{"type": "integer"}`,
			value:  `"x"`,
			want:   []string{`the values must be an integer, not the string "x"`},
		},
		"type of an object": {
			schema: `{"type": ["string", "null"]}`,
			value:  `{"a": 1}`,
			want:   []string{`the values must be a null or string, not an object`},
		},
		"required": {
			schema: `{"required": ["a", "b"]}`,
			value:  `{}`,
			want:   []string{`the values must have the keys "a", "b"`},
		},
		"additional properties": {
			schema: `{"additionalProperties": false}`,
			value:  `{"a": 1}`,
			want:   []string{`the values must not have the key "a"`},
		},
		"item of a list": {
			schema: `{"properties": {"a": {"items": {"minimum": 2}}}}`,
			value:  `{"a": [3, 1]}`,
			want:   []string{`a[1] must be at least 2, not 1`},
		},
		"enum": {
			schema: `{"enum": ["a", 1]}`,
			value:  `2`,
			want:   []string{`the values must be one of "a", 1, not 2`},
		},
		"pattern": {
			schema: `{"pattern": "^a"}`,
			value:  `"b"`,
			want:   []string{`the values must match the pattern ^a, which "b" does not`},
		},
		"empty": {
			schema: `{"minLength": 1}`,
			value:  `""`,
			want:   []string{`the values must not be empty`},
		},
		"alternatives that differ in type": {
			schema: `{"anyOf": [{"type": "string"}, {"type": "null"}]}`,
			value:  `1`,
			want:   []string{`the values must be a string or null, not the number 1`},
		},
		"alternatives": {
			schema: `{"oneOf": [{"required": ["b"]}, {"properties": {"a": {"maximum": 0}}}]}`,
			value:  `{"a": 1}`,
			want: []string{
				`the values must match one of the schema's alternatives: ` +
					`must have the key "b", or a must be at most 0, not 1`,
			},
		},
		"several violations": {
			schema: `{"properties": {"a": {"const": 1}, "b": {"maxItems": 1}}}`,
			value:  `{"a": 2, "b": [1, 2]}`,
			want: []string{
				`a must be 1, not 2`,
				`b must have at most 1 items, not 2`,
			},
		},
		"circular reference": {
			schema: `{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}`,
			value:  `1`,
			want:   []string{`the values cannot be validated: the schema's $ref refers back to itself at #/$defs/a`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := schema.Compile([]byte(test.schema))
			require.NoError(t, err)
			var value any
			require.NoError(t, json.Unmarshal([]byte(test.value), &value))
			var got []string
			for _, v := range s.Validate(value) {
				got = append(got, schema.FormatPath(v.Path)+" "+v.Problem)
			}
			assert.ElementsMatch(t, test.want, got)
		})
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]schema.CompileError{
		"{\n  \"a\": ]":               {Line: 2, Column: 8, Problem: "is not JSON"},
		`{"type": "int"}`:             {Problem: `not "int", or must be an array, not the string "int"`},
		`{"$ref": "other.json"}`:      {Problem: "copy it into $defs"},
		`{"pattern": "("}`:            {Problem: "is not a valid JSON Schema"},
		`{"$ref": "#/$defs/nothing"}`: {Problem: "is not a valid JSON Schema"},
	} {
		_, err := schema.Compile([]byte(content))
		var got *schema.CompileError
		require.ErrorAs(t, err, &got, content)
		assert.Contains(t, got.Problem, want.Problem)
		assert.Equal(t, [2]int{want.Line, want.Column}, [2]int{got.Line, got.Column}, content)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	type verdicts map[string]schema.Verdict
	for content, want := range map[string]verdicts{
		`{}`:                        {"a": schema.Unconstrained},
		`{"properties": {"a": {}}}`: {"a": schema.Described, "b": schema.Undescribed, schema.AnyKey: schema.Described},
		`{"patternProperties": {"^a": {}}, "additionalProperties": false}`: {"ab": schema.Described, "b": schema.Refused},
		`{"properties": {"a": {}}, "additionalProperties": true}`:          {"b": schema.Unconstrained},
		`{"additionalProperties": {"type": "string"}}`:                     {"b": schema.Described},
		`{"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}}}}`: {"a": schema.Described, "b": schema.Undescribed},
		`{"$ref": "#", "properties": {"a": {}}}`:                           {"b": schema.Undescribed},
		`{"$ref": "other.json", "properties": {"a": {}}}`:                  {"b": schema.Unconstrained},
		`{"allOf": [{"properties": {"a": {}}}]}`:                           {"a": schema.Described, "b": schema.Undescribed},
		`{"if": {}, "then": {"properties": {"b": {}}}}`:                    {"b": schema.Described},
		`{"items": {}}`:         {"0": schema.Described, "a": schema.Unconstrained},
		`{"prefixItems": [{}]}`: {"0": schema.Described},
	} {
		document := schema.Parse([]byte(strings.ReplaceAll(content, " ", "\t")))
		require.NotNil(t, document, content)
		for key, verdict := range want {
			_, got := document.Root().Key(key)
			assert.Equal(t, verdict, got, "%q in %s", key, content)
		}
	}
	assert.Nil(t, schema.Parse([]byte("{")))
	assert.Nil(t, schema.Parse(nil))
}

func TestEqual(t *testing.T) {
	t.Parallel()
	assert.True(t, schema.Equal(map[string]any{"a": []any{1, "b", nil}}, map[string]any{"a": []any{1.0, "b", nil}}))
	assert.False(t, schema.Equal([]any{1}, []any{1, 2}))
	assert.False(t, schema.Equal("1", 1))
}

func TestFormatPath(t *testing.T) {
	t.Parallel()
	for want, path := range map[string][]string{
		"the values":                   {},
		"image.tag":                    {"image", "tag"},
		"hosts[0].name":                {"hosts", "0", "name"},
		`annotations["example.com/a"]`: {"annotations", "example.com/a"},
		`["0"]`:                        {"0"},
	} {
		assert.Equal(t, want, schema.FormatPath(path))
	}
}
