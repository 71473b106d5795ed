package schema_test

import (
	"fmt"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/schema"
)

func noHint([]string, string) []any { return nil }

// drawAll draws values from a schema, and returns the different ones as text. All are valid.
func drawAll(t *testing.T, content string) []string {
	t.Helper()
	compiled, err := schema.Compile([]byte(content))
	require.NoError(t, err)
	document := schema.Parse([]byte(content))
	seen := map[string]bool{}
	var drawn []string
	for seed := range int64(200) {
		random := gopter.MinGenParameters().CloneWithSeed(seed)
		value, ok := document.Root().Draw(random, nil, noHint)
		require.True(t, ok)
		assert.Empty(t, compiled.Validate(value.Value), "%s does not allow %v", content, value.Value)
		if text := fmt.Sprint(value.Value); !seen[text] {
			seen[text] = true
			drawn = append(drawn, text)
		}
	}
	return drawn
}

func TestDrawnValuesAreValid(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		`{"type": "integer", "minimum": 1, "maximum": 3}`:                           {"1", "2", "3"},
		`{"type": "integer", "exclusiveMinimum": 1, "maximum": 6, "multipleOf": 3}`: {"3", "6"},
		`{"type": "boolean"}`: {"true", "false"},
		`{"enum": ["a", 1, null], "type": ["string", "null", "integer"]}`: {"a", "1", "<nil>"},
		`{"const": {"a": 1}}`:                                     {"map[a:1]"},
		`{"type": "string", "pattern": "^[ab]$"}`:                 {"a", "b"},
		`{"type": "string", "minLength": 8, "maxLength": 8}`:      {"samplexx"},
		`{"type": "string", "format": "ipv4"}`:                    {"192.0.2.10"},
		`{"type": "array", "items": {"const": 1}, "maxItems": 5}`: {"[]", "[1]"},
		`{"required": ["a"], "properties": {"a": {"const": 1}, "b": {"const": 2}}}`: {
			"map[a:1]", "map[a:1 b:2]",
		},
		`{"type": "object", "patternProperties": {"^k$": {"const": 1}}, "additionalProperties": false}`: {
			"map[]", "map[k:1]",
		},
		`{"$ref": "#/$defs/a", "$defs": {"a": {"oneOf": [{"const": "x"}, {"const": "y"}]}}}`: {"x", "y"},
		`{"allOf": [{"type": "integer", "minimum": 4}, {"maximum": 5}]}`:                     {"4", "5"},
	} {
		assert.ElementsMatch(t, want, drawAll(t, content), content)
	}
}

func TestDrawingHasAnEnd(t *testing.T) {
	t.Parallel()
	drawAll(t, `{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
		"next": {"$ref": "#/$defs/node"}, "all": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}}}`)
	document := schema.Parse([]byte(`{"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}`))
	_, ok := document.Root().Draw(gopter.MinGenParameters(), nil, noHint)
	assert.False(t, ok)
}

func TestHintsStandForWhatIsNotRestricted(t *testing.T) {
	t.Parallel()
	document := schema.Parse([]byte(`{"properties": {"image": {"type": "string"}}, "required": ["image"]}`))
	hint := func(path []string, typ string) []any {
		assert.Equal(t, []string{"web", "image"}, path)
		assert.Equal(t, "string", typ)
		return []any{"redis:7"}
	}
	drawn, ok := document.Root().Draw(gopter.MinGenParameters(), []string{"web"}, hint)
	require.True(t, ok)
	assert.Equal(t, schema.Drawn{Value: map[string]any{"image": "redis:7"}, Hinted: true}, drawn)
}

// Each constraint is broken by the values that it says, and the schema without it accepts them.
func TestConstraints(t *testing.T) {
	t.Parallel()
	content := []byte(`{
		"type": "object", "additionalProperties": false, "required": ["n"],
		"properties": {
			"n": {"type": "integer", "minimum": 1, "maximum": 9},
			"s": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-x]+$"},
			"l": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": [1, 2, 3]}},
			"u": {"uniqueItems": true, "items": {"type": "integer"}},
			"m": {"anyOf": [{"const": "a"}, {"type": "boolean"}]}
		}
	}`)
	document := schema.Parse(content)
	compiled, err := schema.Compile(content)
	require.NoError(t, err)
	valid := map[string]any{"n": 1, "s": "abc", "l": []any{1}, "u": []any{1}, "m": "a"}
	require.Empty(t, compiled.Validate(valid))
	broken := map[string]bool{}
	for _, c := range document.Constraints() {
		assert.Empty(t, c.Useless)
		if len(c.Path) != 1 {
			continue
		}
		without := c.Without(document)
		require.NotNil(t, without)
		for _, value := range c.Broken(valid[c.Path[0]]) {
			values := map[string]any{"n": 1, c.Path[0]: value}
			assert.NotEmpty(t, compiled.Validate(values), "%s: %v", c.Keyword.Value, values)
			if len(without.Validate(values)) == 0 {
				broken[c.Path[0]+"."+c.Keyword.Value] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{
		"n.type": true, "n.minimum": true, "n.maximum": true, "s.minLength": true, "s.maxLength": true, "s.pattern": true,
		"l.type": true, "l.minItems": true, "l.maxItems": true, "s.type": true, "u.uniqueItems": true, "m.const": true,
		"m.type": true,
	}, broken)
}

func TestUselessKeywords(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{"minimun": 1}`:                             `JSON Schema has no such keyword; did you mean "minimum"?`,
		`{"type": "string", "maximum": 1}`:           "it is about numbers, and the type is string",
		`{"then": {"const": 1}}`:                     `there is no "if"`,
		`{"form": "x", "x-type": "y", "example": 1}`: "",
		`{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "minimum": 1,
			"definitions": {"a": {}}}`: "draft 7 ignores what is beside $ref; put both into allOf",
		`{"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}`: "draft 4 does not know it: " +
			"set $schema to a later one",
		`{"format": "email"}`: "since draft 2019-09 it only describes; add a pattern, or set $schema to draft 7",
		`{"$schema": "http://json-schema.org/draft-07/schema#", "format": "email"}`: "",
	} {
		useless := ""
		for _, c := range schema.Parse([]byte(content)).Constraints() {
			useless += c.Useless
		}
		assert.Equal(t, want, useless, content)
	}
}
