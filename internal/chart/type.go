package chart

import "go.yaml.in/yaml/v3"

// Type is the type of a value, as the API server reads it.
type Type string

// The types, with the names that findings use.
const (
	Null    Type = "null" // or not set
	Map     Type = "map"
	List    Type = "list"
	String  Type = "string"
	Boolean Type = "boolean"
	Integer Type = "integer"
	Number  Type = "number" // with a fraction or an exponent
)

// Type returns the value's type in YAML 1.1, as Helm and kubectl read manifests: a plain yes, no, on or off is a
// boolean. A date is a string.
func (n Node) Type() Type {
	switch {
	case !n.Exists():
		return Null
	case n.value.Kind == yaml.MappingNode:
		return Map
	case n.value.Kind == yaml.SequenceNode:
		return List
	}
	switch n.value.ShortTag() {
	case "!!bool":
		return Boolean
	case "!!int":
		return Integer
	case "!!float":
		return Number
	}
	const quoted = yaml.TaggedStyle | yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle |
		yaml.LiteralStyle | yaml.FoldedStyle
	if n.value.Style&quoted == 0 && isYAML11Boolean(n.value.Value) {
		return Boolean
	}
	return String
}

// isYAML11Boolean reports whether a plain scalar is a boolean in YAML 1.1 and a string in YAML 1.2.
func isYAML11Boolean(text string) bool {
	switch text {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return true
	}
	return false
}
