package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a YAML or JSON text whose nodes are changed. Only nodes on one line, and whole entries of blocks, are.
type document struct {
	content []byte
	starts  []int // of the lines
	edits   []edit
}

func newDocument(content []byte) (*document, *yaml.Node) {
	d := &document{content: content}
	for start := range lines(content) {
		d.starts = append(d.starts, start)
	}
	var root yaml.Node
	if yaml.Unmarshal(content, &root) != nil || len(root.Content) == 0 {
		return d, nil
	}
	return d, root.Content[0]
}

func (d *document) add(operator string, start, end int, text string) {
	d.edits = append(d.edits, edit{operator, start, end, text})
}

// offset returns where a node begins. Columns count characters.
func (d *document) offset(n *yaml.Node) int {
	at := d.starts[n.Line-1]
	for range n.Column - 1 {
		size := 1
		for at+size < len(d.content) && d.content[at+size]&0xC0 == 0x80 {
			size++
		}
		at += size
	}
	return at
}

// scalarEnd returns where a scalar on one line ends, and whether it is one.
func (d *document) scalarEnd(n *yaml.Node) (int, bool) {
	start := d.offset(n)
	rest := d.content[start:]
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		for i := 1; i < len(rest); i++ {
			switch {
			case rest[i] == '\\' && rest[0] == '"':
				i++
			case rest[i] == rest[0]:
				return start + i + 1, true
			}
		}
	case 0:
		if bytes.HasPrefix(rest, []byte(n.Value)) {
			return start + len(n.Value), n.Value != ""
		}
	}
	return 0, false
}

// entryEnd returns where the lines of an entry of a block end: before the first line that is indented as little.
func (d *document) entryEnd(first int, column int) int {
	for line := first; line < len(d.starts); line++ {
		text := d.content[d.starts[line]:]
		if n := bytes.IndexByte(text, '\n'); n >= 0 {
			text = text[:n]
		}
		trimmed := bytes.TrimLeft(text, " ")
		if len(trimmed) > 0 && len(text)-len(trimmed) < column && trimmed[0] != '#' {
			return d.starts[line]
		}
	}
	return len(d.content)
}

// valuesEdits changes each value of a values file, and removes the elements of its lists.
func valuesEdits(f file) []edit {
	d, root := newDocument(f.content)
	d.values(root)
	return d.edits
}

func (d *document) values(n *yaml.Node) {
	if n == nil {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			d.values(n.Content[i])
		}
	case yaml.SequenceNode:
		for _, element := range n.Content {
			if n.Style&yaml.FlowStyle == 0 {
				start := d.starts[element.Line-1]
				d.add("removed-element", start, d.entryEnd(element.Line, element.Column-1), "")
			}
			d.values(element)
		}
	case yaml.ScalarNode:
		end, ok := d.scalarEnd(n)
		if !ok {
			return
		}
		start := d.offset(n)
		if changed, operator := otherScalar(string(d.content[start:end])); operator != "" {
			d.add(strings.Replace(operator, "changed", "default", 1), start, end, changed)
		}
	}
}

// metadataEdits changes the fields of Chart.yaml that templates, Helm or users read.
func metadataEdits(f file) []edit {
	d, root := newDocument(f.content)
	if root == nil || root.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		end, isScalar := d.scalarEnd(value)
		if slices.Contains([]string{"apiVersion", "description", "home", "icon"}, key.Value) {
			continue
		}
		if key.Value != "name" && key.Value != "version" { // Helm refuses charts without them
			d.add("removed-metadata", d.offset(key), d.entryEnd(key.Line, 1), "")
		}
		if !isScalar {
			continue
		}
		switch start := d.offset(value); key.Value {
		case "type":
			d.add("changed-metadata", start, end, "library")
		case "kubeVersion":
			d.add("changed-metadata", start, end, `">=1.0.0-0"`)
		case "version":
			d.add("changed-metadata", start, end, value.Value+"-x")
		default:
			changed, _ := otherScalar(string(d.content[start:end]))
			d.add("changed-metadata", start, end, changed)
		}
	}
	return d.edits
}

// annotations are the keywords of a schema that constrain nothing.
var annotations = []string{
	"$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated",
	"readOnly", "writeOnly", "properties",
}

// schemaEdits removes each keyword of a schema, and loosens and tightens those with numbers and lists.
func schemaEdits(f file) []edit {
	d, root := newDocument(f.content)
	d.schema(root)
	return d.edits
}

func (d *document) schema(n *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !slices.Contains(annotations, key.Value) {
			d.removeEntry(n, i)
		}
		d.keyword(key.Value, value)
	}
}

// keyword changes the value of a keyword.
func (d *document) keyword(name string, value *yaml.Node) {
	switch name {
	case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
		for i := 1; i < len(value.Content); i += 2 {
			d.schema(value.Content[i])
		}
	case "required", "enum":
		for i := range value.Content {
			d.removeElement(value, i)
		}
	case "allOf", "anyOf", "oneOf", "prefixItems":
		for i, element := range value.Content {
			d.removeElement(value, i)
			d.schema(element)
		}
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
		d.shift(value, -1)
		d.shift(value, 1)
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
		d.shift(value, 1)
		d.shift(value, -1)
	case "default", "const", "examples":
	default:
		d.schema(value)
	}
}

// shift changes a number.
func (d *document) shift(value *yaml.Node, by int) {
	end, ok := d.scalarEnd(value)
	n, err := strconv.ParseFloat(value.Value, 64)
	if ok && err == nil {
		d.add("shifted-limit", d.offset(value), end, fmt.Sprint(n+float64(by)))
	}
}

// removeEntry removes an entry of a JSON object, with a comma.
func (d *document) removeEntry(object *yaml.Node, i int) {
	start, end := d.offset(object.Content[i]), d.jsonEnd(object.Content[i+1])
	switch {
	case i+2 < len(object.Content):
		end = d.offset(object.Content[i+2])
	case i > 0:
		start = d.jsonEnd(object.Content[i-1])
	}
	d.add("removed-keyword", start, end, "")
}

// removeElement removes an element of a JSON array, with a comma.
func (d *document) removeElement(array *yaml.Node, i int) {
	start, end := d.offset(array.Content[i]), d.jsonEnd(array.Content[i])
	switch {
	case i+1 < len(array.Content):
		end = d.offset(array.Content[i+1])
	case i > 0:
		start = d.jsonEnd(array.Content[i-1])
	}
	d.add("removed-entry", start, end, "")
}

// jsonEnd returns where a JSON value ends.
func (d *document) jsonEnd(n *yaml.Node) int {
	start := d.offset(n)
	decoder := json.NewDecoder(bytes.NewReader(d.content[start:]))
	var value json.RawMessage
	if decoder.Decode(&value) != nil {
		return start
	}
	return start + int(decoder.InputOffset())
}

func isJSONText(content []byte) bool { return json.Valid(content) }
