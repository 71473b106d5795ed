package chart

import "go.yaml.in/yaml/v3"

// Type is what the API server takes a value for.
type Type string

// The types, in the words of findings.
const (
	Null    Type = "null" // also what is not there
	Map     Type = "map"
	List    Type = "list"
	String  Type = "string"
	Boolean Type = "boolean"
	Integer Type = "integer"
	Number  Type = "number" // with a fraction or an exponent
)

// Type is the value's type by YAML 1.1, which Helm and kubectl read manifests by: a plain yes, no, on or off is a boolean, and a
// date is a string.
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
	const quoted = yaml.TaggedStyle | yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.value.Style&quoted == 0 && oldBoolean(n.value.Value) {
		return Boolean
	}
	return String
}

// oldBoolean says whether YAML 1.1 takes a plain scalar for a boolean that YAML 1.2 takes for a string.
func oldBoolean(text string) bool {
	switch text {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return true
	}
	return false
}

// Decode reads the value into what v points to, as [yaml.Node.Decode] does.
func (n Node) Decode(v any) error {
	if n.value == nil {
		return nil
	}
	return n.value.Decode(v)
}
