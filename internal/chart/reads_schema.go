package chart

import (
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// contract is the chart's values.schema.json as it is written: JSON is YAML, and that parser knows lines and columns.
type contract struct {
	chart *Chart
	root  *yaml.Node
}

// contract is nil where the chart has no schema that parses.
func (c *Chart) contract() *contract {
	f := rawFile(c.helm, schemaFile)
	if f == nil {
		return nil
	}
	// Between JSON's tokens a tab is a space; to YAML it is not. In its strings there is none.
	spaced := &helmchart.File{Name: f.Name, Data: []byte(strings.ReplaceAll(string(f.Data), "\t", " "))}
	root := c.document(schemaFile, spaced)
	if root == nil {
		return nil
	}
	return &contract{chart: c, root: root}
}

func (s *contract) position(n *yaml.Node) Position {
	at := s.chart.file(schemaFile)
	at.Line, at.Column = n.Line, n.Column
	return at
}

// verdict is what schemas say of a key of an object.
type verdict int

const (
	free       verdict = iota // nothing: the object may have any keys, or what it may have cannot be decided
	declared                  // they describe it
	undeclared                // they describe other keys, and do not rule it out
	refused                   // they rule it out
)

// step is what some schemas say of a key of the object that they all describe, and the schemas of its value.
func (s *contract) step(schemas []*yaml.Node, key string) ([]*yaml.Node, verdict) {
	parts, decided := s.parts(schemas)
	var found []*yaml.Node
	closed, describes := false, false
	for _, part := range parts {
		in, wild := s.described(part, key)
		found = append(found, in...)
		decided = decided && !wild && !isTrue(member(part, "additionalProperties")) && !isTrue(member(part, "unevaluatedProperties"))
		describes = describes || isMapping(member(part, "properties"))
		closed = closed || isFalse(member(part, "additionalProperties")) || isFalse(member(part, "unevaluatedProperties"))
	}
	switch {
	case len(found) > 0:
		return found, declared
	case !decided || key == anyKey:
		return nil, free
	case closed:
		return nil, refused
	case describes:
		return nil, undeclared
	}
	return nil, free
}

// described are the schemas that one schema has for a key, or for the item of a list; wild says that it may have more.
func (s *contract) described(schema *yaml.Node, key string) (found []*yaml.Node, wild bool) {
	properties := member(schema, "properties")
	if key == anyKey {
		found = append(found, mappingValues(properties)...)
		found = append(found, mappingValues(member(schema, "patternProperties"))...)
	} else if property := member(properties, key); property != nil {
		found = append(found, property)
	}
	for name, pattern := range members(member(schema, "patternProperties")) {
		expression, err := regexp.Compile(name.Value)
		wild = wild || err != nil // it may still be one to a JSON Schema validator
		if err == nil && key != anyKey && expression.MatchString(key) {
			found = append(found, pattern)
		}
	}
	if len(found) == 0 && isMapping(member(schema, "additionalProperties")) {
		found = append(found, member(schema, "additionalProperties"))
	}
	if _, err := strconv.Atoi(key); err == nil || key == anyKey {
		for _, name := range []string{"items", "prefixItems", "additionalItems"} {
			if items := member(schema, name); isMapping(items) {
				found = append(found, items)
			} else if items != nil && items.Kind == yaml.SequenceNode {
				found = append(found, items.Content...)
			}
		}
	}
	return found, wild
}

// parts are some schemas and all that they are made of: what they refer to, and their branches. It is false where there may be
// more, outside the file or found at run time only.
func (s *contract) parts(schemas []*yaml.Node) (parts []*yaml.Node, decided bool) {
	decided = true
	seen := map[*yaml.Node]bool{}
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		if !isMapping(n) {
			return
		}
		parts = append(parts, n)
		if reference := member(n, "$ref"); reference != nil {
			target := s.referred(reference.Value)
			decided = decided && target != nil
			visit(target)
		}
		for _, name := range []string{"$dynamicRef", "$recursiveRef"} {
			decided = decided && member(n, name) == nil
		}
		for _, name := range []string{"allOf", "anyOf", "oneOf"} {
			if branches := member(n, name); branches != nil {
				for _, branch := range branches.Content {
					visit(branch)
				}
			}
		}
		visit(member(n, "then"))
		visit(member(n, "else"))
		for _, name := range []string{"dependentSchemas", "dependencies"} {
			for _, branch := range mappingValues(member(n, name)) {
				visit(branch)
			}
		}
	}
	for _, n := range schemas {
		visit(n)
	}
	return parts, decided
}

// referred is what a $ref refers to in the same file, or nil.
func (s *contract) referred(reference string) *yaml.Node {
	pointer, local := strings.CutPrefix(reference, "#")
	if !local {
		return nil
	}
	pointer, err := url.PathUnescape(pointer)
	if err != nil || pointer != "" && pointer[0] != '/' {
		return nil // an anchor
	}
	at := s.root
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		if _, at = child(at, step); at == nil {
			return nil
		}
	}
	return at
}

func isMapping(n *yaml.Node) bool { return n != nil && n.Kind == yaml.MappingNode }

func isFalse(n *yaml.Node) bool { return n != nil && n.Tag == "!!bool" && n.Value == "false" }

func isTrue(n *yaml.Node) bool { return n != nil && n.Tag == "!!bool" && n.Value == "true" }

func member(n *yaml.Node, key string) *yaml.Node {
	_, value := entry(n, key)
	return value
}

// members are the keys and values of a map; none if it is no map.
func members(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if !isMapping(n) {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], resolve(n.Content[i+1])) {
				return
			}
		}
	}
}

func mappingValues(n *yaml.Node) []*yaml.Node {
	var values []*yaml.Node
	for _, value := range members(n) {
		values = append(values, value)
	}
	return values
}

// OpenObjects are the objects for which the chart's schema describes keys and still accepts others, each at its place in the schema;
// of those that share a description, one. Not the globals, which are their
// chart's and others', and not where several schemas describe one object together: closing one of them would refuse the
// keys of the other.
func (c *Chart) OpenObjects() []ValuesKey {
	s := c.contract()
	if s == nil {
		return nil
	}
	o := open{contract: s, seen: map[*yaml.Node]bool{}}
	o.visit(s.root, s.root, nil, true)
	return o.found
}

type open struct {
	*contract
	seen  map[*yaml.Node]bool
	found []ValuesKey
}

// visit looks at a schema; whole says that it alone describes the value.
func (o *open) visit(key, schema *yaml.Node, keys []string, whole bool) {
	if !isMapping(schema) || o.seen[schema] || len(keys) == 1 && keys[0] == chartutil.GlobalKey {
		return
	}
	o.seen[schema] = true
	shared := false
	for _, name := range []string{"allOf", "anyOf", "oneOf"} {
		if branches := member(schema, name); branches != nil {
			shared = true
			for _, branch := range branches.Content {
				o.visit(key, branch, keys, false)
			}
		}
	}
	for _, name := range []string{"if", "then", "else", "dependentSchemas", "dependencies", "$dynamicRef", "$recursiveRef"} {
		shared = shared || member(schema, name) != nil
	}
	o.visit(key, member(schema, "then"), keys, false)
	o.visit(key, member(schema, "else"), keys, false)
	properties := member(schema, "properties")
	if reference := member(schema, "$ref"); reference != nil {
		target := o.referred(reference.Value)
		at := key
		if target != nil {
			at = o.keyOf(target)
		}
		alone := whole && !shared && properties == nil
		o.visit(at, target, keys, alone)
		shared = true
	}
	if whole && !shared && properties != nil && len(properties.Content) > 0 && !isClosed(schema) {
		o.found = append(o.found, ValuesKey{Key: keyPath(keys), Position: o.position(key)})
	}
	for name, property := range members(properties) {
		o.visit(name, property, append(slices.Clip(keys), name.Value), true)
	}
	for name, pattern := range members(member(schema, "patternProperties")) {
		o.visit(name, pattern, append(slices.Clip(keys), name.Value), true)
	}
	for name, below := range members(schema) {
		switch name.Value {
		case "additionalProperties":
			o.visit(name, below, append(slices.Clip(keys), "*"), true)
		case "items", "additionalItems":
			if below.Kind == yaml.SequenceNode {
				o.items(below, keys)
			} else {
				o.visit(name, below, append(slices.Clip(keys), "0"), true)
			}
		case "prefixItems":
			o.items(below, keys)
		}
	}
}

func (o *open) items(list *yaml.Node, keys []string) {
	for i, item := range list.Content {
		o.visit(item, item, append(slices.Clip(keys), strconv.Itoa(i)), true)
	}
}

// isClosed says whether a schema says what becomes of keys that it does not describe: that it refuses, describes or accepts them.
func isClosed(schema *yaml.Node) bool {
	for _, name := range []string{"additionalProperties", "unevaluatedProperties"} {
		if member(schema, name) != nil {
			return true
		}
	}
	return false
}

// keyOf is the key that a part of the schema stands under, or the part itself.
func (s *contract) keyOf(target *yaml.Node) *yaml.Node {
	found := target
	var visit func(*yaml.Node) bool
	visit = func(n *yaml.Node) bool {
		for key, value := range members(n) {
			if value == target {
				found = key
				return true
			}
			if visit(value) {
				return true
			}
		}
		return false
	}
	visit(s.root)
	return found
}

// KeysWithoutSchema are the keys of values.yaml that its schema does not describe, and does not refuse either, in the order of the
// file. Those of subcharts are the subcharts' to describe.
func (c *Chart) KeysWithoutSchema() []ValuesKey {
	s := c.contract()
	if s == nil {
		return nil
	}
	w := &without{contract: s}
	w.visit(c.document(valuesFile, rawFile(c.helm, valuesFile)), []*yaml.Node{s.root}, nil)
	return w.found
}

type without struct {
	*contract
	found []ValuesKey
}

func (w *without) visit(values *yaml.Node, schemas []*yaml.Node, keys []string) {
	values = resolve(values)
	if values == nil || len(keys) > maxDepth {
		return
	}
	if values.Kind == yaml.SequenceNode {
		for i, item := range values.Content {
			index := strconv.Itoa(i)
			if below, says := w.step(schemas, index); says == declared {
				w.visit(item, below, append(slices.Clip(keys), index))
			}
		}
		return
	}
	for key, value := range members(values) {
		if key.Tag == "!!merge" || len(keys) == 0 && w.chart.shares(key.Value) {
			continue
		}
		at := append(slices.Clip(keys), key.Value)
		below, says := w.step(schemas, key.Value)
		switch {
		case says == declared:
			w.visit(value, below, at)
		case says == undeclared, says == free && len(keys) == 0 && w.saysNothing():
			place := w.chart.file(valuesFile)
			place.Line, place.Column = key.Line, key.Column
			w.found = append(w.found, ValuesKey{Key: keyPath(at), Position: place})
		}
	}
}

// saysNothing says whether the schema as a whole describes no key of the values at all.
func (s *contract) saysNothing() bool {
	parts, decided := s.parts([]*yaml.Node{s.root})
	for _, part := range parts {
		if member(part, "properties") != nil || member(part, "patternProperties") != nil || member(part, "additionalProperties") != nil {
			return false
		}
	}
	return decided
}

// shares says whether a key at the top of the values belongs to other charts too.
func (c *Chart) shares(key string) bool {
	if key == chartutil.GlobalKey || key == "tags" {
		return true
	}
	for _, d := range c.helm.Metadata.Dependencies {
		if d != nil && (key == d.Alias || key == d.Name) {
			return true
		}
	}
	return slices.ContainsFunc(c.helm.Dependencies(), func(d *helmchart.Chart) bool { return d.Name() == key })
}

// DifferentDefault is a default in the schema that is not what values.yaml sets.
type DifferentDefault struct {
	Key string
	// Position is the default in the schema, Values what values.yaml says.
	Position, Values Position
	// Default and Value are the two, as JSON.
	Default, Value string
}

// DifferentDefaults are the defaults in the chart's schema that contradict its values.yaml, which is where Helm takes them from. Of
// a map, the keys that the default has are compared. A key that values.yaml sets to null is unset, and has any default.
func (c *Chart) DifferentDefaults() []DifferentDefault {
	s := c.contract()
	if s == nil {
		return nil
	}
	d := &defaults{contract: s}
	d.visit(c.document(valuesFile, rawFile(c.helm, valuesFile)), s.root, nil)
	return d.found
}

type defaults struct {
	*contract
	found []DifferentDefault
}

// visit follows the properties of a schema, and what it refers to, beside the values. Only a default that stands at the property
// itself is one for the property: what several share may have another of its own.
func (d *defaults) visit(values, schema *yaml.Node, keys []string) {
	parts, _ := d.parts([]*yaml.Node{schema})
	if len(keys) > maxDepth {
		return
	}
	for key, value := range members(resolve(values)) {
		if value.Tag == "!!null" || key.Tag == "!!merge" {
			continue
		}
		at := append(slices.Clip(keys), key.Value)
		for _, part := range parts {
			property := member(member(part, "properties"), key.Value)
			if property == nil {
				continue
			}
			d.compare(property, key, value, at)
			d.visit(value, property, at)
		}
	}
}

func (d *defaults) compare(property, key, value *yaml.Node, keys []string) {
	if name, written := entry(property, "default"); name != nil {
		d.contrast(name, written, key, value, keys)
	}
}

// contrast reports where a default, written after name, and the value of key contradict each other: of maps, at the keys that both have.
func (d *defaults) contrast(name, written, key, value *yaml.Node, keys []string) {
	if isMapping(written) && isMapping(value) {
		for part, wanted := range members(written) {
			if own, set := entry(value, part.Value); own != nil {
				d.contrast(part, wanted, own, set, append(slices.Clip(keys), part.Value))
			}
		}
		return
	}
	var want, got any
	if written.Decode(&want) != nil || value.Decode(&got) != nil || same(want, got) {
		return
	}
	at := d.chart.file(valuesFile)
	at.Line, at.Column = key.Line, key.Column
	found := DifferentDefault{Key: keyPath(keys), Position: d.position(name), Values: at, Default: printValue(want), Value: printValue(got)}
	if !slices.Contains(d.found, found) {
		d.found = append(d.found, found)
	}
}

// same says whether two values are equal, numbers by what they are worth.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	}
	if a, ok := number(a); ok {
		b, ok := number(b)
		return ok && a == b
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}
