package schema

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Object is an object that a schema describes.
type Object struct {
	// Path is the path of the object. Its keys are property names, patterns of names, "*" for additional properties, and
	// indices of arrays.
	Path []string
	// Line and Column locate the key of the object's schema. They count from 1.
	Line, Column int
}

// OpenObjects returns the objects with keys that the schema describes, where the schema also accepts other keys, but
// only because it lacks "additionalProperties". Of several objects that share a schema it returns one.
//
// It omits objects that several schemas describe together: closing one schema would refuse the keys of the other. It
// also omits the top-level keys in except, with everything below them.
func (d *Document) OpenObjects(except ...string) []Object {
	s := openSearch{document: d, except: except, seen: map[*yaml.Node]bool{}}
	s.visit(d.root, d.root, nil, true)
	return s.found
}

type openSearch struct {
	document *Document
	except   []string
	seen     map[*yaml.Node]bool
	found    []Object
}

// visit searches a schema. key is the node to report it at. alone means that no other schema describes the same value.
func (s *openSearch) visit(key, schema *yaml.Node, path []string, alone bool) {
	if !isObject(schema) || s.seen[schema] || len(path) == 1 && slices.Contains(s.except, path[0]) {
		return
	}
	s.seen[schema] = true
	shared := false
	for _, keyword := range combiners {
		if branches := member(schema, keyword); branches != nil {
			shared = true
			for _, branch := range branches.Content {
				s.visit(key, branch, path, false)
			}
		}
	}
	for _, keyword := range slices.Concat([]string{"if", "then", "else"}, dependents, dynamicReferences) {
		shared = shared || member(schema, keyword) != nil
	}
	s.visit(key, member(schema, "then"), path, false)
	s.visit(key, member(schema, "else"), path, false)
	properties := member(schema, "properties")
	if reference := member(schema, "$ref"); reference != nil {
		target := s.document.resolve(reference.Value)
		at := key
		if target != nil {
			at = s.document.keyOf(target)
		}
		s.visit(at, target, path, alone && !shared && properties == nil)
		shared = true
	}
	if alone && !shared && properties != nil && len(properties.Content) > 0 && !limitsKeys(schema) {
		s.found = append(s.found, Object{Path: path, Line: key.Line, Column: key.Column})
	}
	s.visitBelow(schema, path)
}

// visitBelow searches the schemas of the keys and items of a value.
func (s *openSearch) visitBelow(schema *yaml.Node, path []string) {
	for _, keyword := range []string{"properties", "patternProperties"} {
		for name, property := range members(member(schema, keyword)) {
			s.visit(name, property, append(slices.Clip(path), name.Value), true)
		}
	}
	for name, below := range members(schema) {
		switch name.Value {
		case "additionalProperties":
			s.visit(name, below, append(slices.Clip(path), "*"), true)
		case "items", "additionalItems", "prefixItems":
			if isObject(below) && name.Value != "prefixItems" {
				s.visit(name, below, append(slices.Clip(path), "0"), true)
				continue
			}
			for i, item := range below.Content {
				s.visit(item, item, append(slices.Clip(path), strconv.Itoa(i)), true)
			}
		}
	}
}

// limitsKeys reports whether a schema has a rule for keys that it does not describe.
func limitsKeys(schema *yaml.Node) bool {
	return member(schema, "additionalProperties") != nil || member(schema, "unevaluatedProperties") != nil
}

// KeyOf returns the key of the schema that describes a value, to locate it. If that only refers to another one, which
// others may share, it is the key of that.
func (d *Document) KeyOf(s Schemas) *yaml.Node {
	if len(s.nodes) == 0 {
		return d.root
	}
	n := s.nodes[0]
	const deepest = 20 // references may form a cycle
	for range deepest {
		target := d.onlyReference(n)
		if target == nil {
			break
		}
		n = target
	}
	return d.keyOf(n)
}

// annotations are the keywords that do not restrict values.
var annotations = []string{
	"$comment", "$ref", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly",
}

// onlyReference returns the target of the reference of a schema that restricts nothing itself, or nil.
func (d *Document) onlyReference(n *yaml.Node) *yaml.Node {
	reference := member(n, "$ref")
	if reference == nil {
		return nil
	}
	for name := range members(n) {
		if !slices.Contains(annotations, name.Value) {
			return nil
		}
	}
	return d.resolve(reference.Value)
}

// keyOf returns the key that has a part of the document as its value, or the part itself if there is no such key.
func (d *Document) keyOf(part *yaml.Node) *yaml.Node {
	found := part
	var visit func(*yaml.Node) bool
	visit = func(n *yaml.Node) bool {
		for key, value := range members(n) {
			if value == part {
				found = key
				return true
			}
			if visit(value) {
				return true
			}
		}
		return false
	}
	visit(d.root)
	return found
}
