package schema

import (
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is a JSON Schema as it is written, every part with its line and column.
type Document struct{ root *yaml.Node }

// Parse parses a JSON Schema. It returns nil if content is not JSON. JSON is YAML, whose parser knows lines and
// columns.
func Parse(content []byte) *Document {
	// A tab between JSON's tokens is white space; YAML allows none there. JSON strings contain no tabs.
	spaced := strings.ReplaceAll(string(content), "\t", " ")
	var document yaml.Node
	if yaml.Unmarshal([]byte(spaced), &document) != nil || document.Kind != yaml.DocumentNode {
		return nil
	}
	return &Document{root: document.Content[0]}
}

// Root returns the schema of the whole value.
func (d *Document) Root() Schemas { return Schemas{document: d, nodes: []*yaml.Node{d.root}} }

// Schemas are the schemas of a document that apply to the same value.
type Schemas struct {
	document *Document
	nodes    []*yaml.Node
}

// AnyKey stands for a key of an object, or an index of an array, that is not known.
const AnyKey = "\x00"

// Verdict describes how schemas treat a key of an object.
type Verdict int

// The verdicts.
const (
	Unconstrained Verdict = iota // the object may have any keys, or its keys cannot be determined
	Described                    // a schema describes the key
	Undescribed                  // schemas describe other keys, and accept this one
	Refused                      // a schema refuses the key
)

// Key returns the schemas of the value under a key of an object, or under an index of an array, and the verdict of s on
// the key.
func (s Schemas) Key(key string) (Schemas, Verdict) {
	parts, complete := s.parts()
	found := Schemas{document: s.document}
	closed, describes := false, false
	for _, part := range parts {
		nodes, more := describing(part, key)
		found.nodes = append(found.nodes, nodes...)
		additional, unevaluated := member(part, "additionalProperties"), member(part, "unevaluatedProperties")
		complete = complete && !more && !isBool(additional, "true") && !isBool(unevaluated, "true")
		describes = describes || isObject(member(part, "properties"))
		closed = closed || isBool(additional, "false") || isBool(unevaluated, "false")
	}
	switch {
	case len(found.nodes) > 0:
		return found, Described
	case !complete || key == AnyKey:
		return Schemas{}, Unconstrained
	case closed:
		return Schemas{}, Refused
	case describes:
		return Schemas{}, Undescribed
	}
	return Schemas{}, Unconstrained
}

// Refusing returns the keyword that refuses a key of the object, or nil if the schemas accept the key.
func (s Schemas) Refusing(key string) *yaml.Node {
	if _, verdict := s.Key(key); verdict != Refused {
		return nil
	}
	parts, _ := s.parts()
	for _, part := range parts {
		for name, value := range members(part) {
			if isBool(value, "false") && (name.Value == "additionalProperties" || name.Value == "unevaluatedProperties") {
				return name
			}
		}
	}
	return nil
}

// PropertiesObject returns the first object under the keyword "properties", to which the description of another key can
// be added; nil if there is none.
func (s Schemas) PropertiesObject() *yaml.Node {
	parts, _ := s.parts()
	for _, part := range parts {
		if properties := member(part, "properties"); isObject(properties) {
			return properties
		}
	}
	return nil
}

// DescribeNothing reports whether the schemas describe no key of an object at all.
func (s Schemas) DescribeNothing() bool {
	parts, complete := s.parts()
	for _, part := range parts {
		for _, keyword := range []string{"properties", "patternProperties", "additionalProperties"} {
			if member(part, keyword) != nil {
				return false
			}
		}
	}
	return complete
}

// Properties returns the properties that the schemas name, with the schema of each. A property that two schemas name is
// returned twice.
func (s Schemas) Properties() iter.Seq2[string, Schemas] {
	return func(yield func(string, Schemas) bool) {
		parts, _ := s.parts()
		for _, part := range parts {
			for name, property := range members(member(part, "properties")) {
				if !yield(name.Value, Schemas{document: s.document, nodes: []*yaml.Node{property}}) {
					return
				}
			}
		}
	}
}

// Default returns the keyword "default" and its value, if s is one schema that has it itself.
func (s Schemas) Default() (keyword, value *yaml.Node) {
	if len(s.nodes) != 1 {
		return nil, nil
	}
	for name, value := range members(s.nodes[0]) {
		if name.Value == "default" {
			return name, value
		}
	}
	return nil, nil
}

// Enum returns the values that the keyword "enum" of the schemas lists. Several schemas that have it are not combined:
// there are none then.
func (s Schemas) Enum() []any {
	parts, _ := s.parts()
	var listed []any
	for _, part := range parts {
		enum := member(part, "enum")
		if enum == nil {
			continue
		}
		if listed != nil || enum.Decode(&listed) != nil {
			return nil
		}
	}
	return listed
}

// describing returns the schemas that one schema has for a key or an index. more means that there may be others.
func describing(schema *yaml.Node, key string) (found []*yaml.Node, more bool) {
	properties, patterns := member(schema, "properties"), member(schema, "patternProperties")
	if key == AnyKey {
		found = append(values(properties), values(patterns)...)
	} else if property := member(properties, key); property != nil {
		found = append(found, property)
	}
	for name, pattern := range members(patterns) {
		expression, err := regexp.Compile(name.Value)
		more = more || err != nil // it may still be valid in JSON Schema's dialect
		if err == nil && key != AnyKey && expression.MatchString(key) {
			found = append(found, pattern)
		}
	}
	if additional := member(schema, "additionalProperties"); len(found) == 0 && isObject(additional) {
		found = append(found, additional)
	}
	if _, err := strconv.Atoi(key); err == nil || key == AnyKey {
		for _, keyword := range []string{"items", "prefixItems", "additionalItems"} {
			if items := member(schema, keyword); isObject(items) {
				found = append(found, items)
			} else if isArray(items) {
				found = append(found, items.Content...)
			}
		}
	}
	return found, more
}

// parts returns the schemas, the targets of their references, and their branches. complete is false if there may be
// more parts: in another document, or known only during validation.
func (s Schemas) parts() (parts []*yaml.Node, complete bool) {
	complete = true
	seen := map[*yaml.Node]bool{}
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if seen[n] || !isObject(n) {
			return
		}
		seen[n] = true
		parts = append(parts, n)
		if reference := member(n, "$ref"); reference != nil {
			target := s.document.resolve(reference.Value)
			complete = complete && target != nil
			visit(target)
		}
		for _, keyword := range dynamicReferences {
			complete = complete && member(n, keyword) == nil
		}
		for _, keyword := range combiners {
			if branches := member(n, keyword); branches != nil {
				for _, branch := range branches.Content {
					visit(branch)
				}
			}
		}
		visit(member(n, "then"))
		visit(member(n, "else"))
		for _, keyword := range dependents {
			for _, branch := range values(member(n, keyword)) {
				visit(branch)
			}
		}
	}
	for _, n := range s.nodes {
		visit(n)
	}
	return parts, complete
}

// Keywords whose schemas apply to the same value as the schema that has them.
var (
	combiners         = []string{"allOf", "anyOf", "oneOf"}
	dependents        = []string{"dependentSchemas", "dependencies"}
	dynamicReferences = []string{"$dynamicRef", "$recursiveRef"}
)

// resolve returns the target of a $ref, or nil if the $ref is not a JSON pointer into the same document.
func (d *Document) resolve(reference string) *yaml.Node {
	fragment, local := strings.CutPrefix(reference, "#")
	if !local {
		return nil
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || pointer != "" && pointer[0] != '/' {
		return nil // an anchor
	}
	at := d.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if at = child(at, token); at == nil {
			return nil
		}
	}
	return at
}

func child(n *yaml.Node, key string) *yaml.Node {
	if !isArray(n) {
		return member(n, key)
	}
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(n.Content) {
		return nil
	}
	return n.Content[i]
}

func isObject(n *yaml.Node) bool { return n != nil && n.Kind == yaml.MappingNode }

func isArray(n *yaml.Node) bool { return n != nil && n.Kind == yaml.SequenceNode }

func isBool(n *yaml.Node, value string) bool {
	return n != nil && n.Tag == "!!bool" && n.Value == value
}

// member returns the value of a key, or nil if n is not an object with that key.
func member(n *yaml.Node, key string) *yaml.Node {
	for name, value := range members(n) {
		if name.Value == key {
			return value
		}
	}
	return nil
}

// members returns the keys and values of an object; none if n is not an object.
func members(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if !isObject(n) {
			return
		}
		for pair := range slices.Chunk(n.Content, 2) {
			if !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}

func values(object *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	for _, value := range members(object) {
		found = append(found, value)
	}
	return found
}
