// Package draft writes a first values.schema.json for a chart, from what is known about its values: values.yaml with
// its comments, the other values sets, and what the templates read.
//
// A draft accepts every values set that it is made from. It gives a type to each value that has one, and closes a map
// if the templates read it by the names of its keys only. A map that they print or range over as a whole, such as
// podAnnotations, stays open. A draft is a start: whoever knows the chart adds enums, patterns and required keys.
package draft

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesuse"
)

// dialect is the newest JSON Schema that every Helm 3 and every editor knows.
const dialect = "http://json-schema.org/draft-07/schema#"

// Schema returns a draft of values.schema.json for a chart. It accepts the chart's default values and the values sets.
// It returns an error for a library chart, whose values are those of the charts that use it.
func Schema(c *chart.Chart, sets []*chart.ValuesSet) ([]byte, error) {
	if c.IsLibrary() {
		return nil, errors.New("a library chart has no values of its own")
	}
	d := &drafter{chart: c, complete: valuesuse.IsComplete(c)}
	if file := c.File(chart.ValuesYAML); file != nil {
		d.defaults, d.lines = file.YAML(), strings.Split(string(file.Content), "\n")
		d.params = paramsOf(d.lines)
	}
	var all []map[string]any
	for _, set := range append([]*chart.ValuesSet{nil}, sets...) {
		all = append(all, c.Render(chart.Variant{}.WithValues(set)).Values())
	}
	root := d.object(nil, d.defaults, mapsIn(all))
	d.addShared(root)
	content, err := encode(root)
	if err != nil {
		return nil, err
	}
	return content, verify(content, all)
}

// verify checks that a schema accepts values.
func verify(content []byte, all []map[string]any) error {
	compiled, err := schema.Compile(content)
	if err != nil {
		return fmt.Errorf("the draft is no schema: %w", err)
	}
	for _, values := range all {
		for _, v := range compiled.Validate(values) {
			return fmt.Errorf("the draft refuses a values set of the chart: %s %s", schema.FormatPath(v.Path), v.Problem)
		}
	}
	return nil
}

// node is the schema of a value.
type node struct {
	description string
	types       []string // empty: any
	keys        []string // of properties, in their order
	properties  map[string]*node
	open        bool // an object that accepts other keys
	items       *node
}

func (n *node) add(key string, property *node) {
	if n.properties == nil {
		n.properties = map[string]*node{}
	}
	if n.properties[key] == nil {
		n.keys = append(n.keys, key)
		n.properties[key] = property
	}
}

// drafter drafts the schema of a chart.
type drafter struct {
	chart    *chart.Chart
	complete bool       // it is known what the templates read
	defaults *yaml.Node // values.yaml; nil if there is none
	lines    []string   // of that file
	params   map[string]string
}

// maxDepth bounds the depth of a draft. Values below are not described.
const maxDepth = 20

// value returns the schema of the value at a path. declared is its key in values.yaml, with the comments, and values
// are all that the values sets have there.
func (d *drafter) value(path []string, key, declared *yaml.Node, values []any) *node {
	c := commentOf(d.lines, key)
	types := typesOf(values)
	if slices.Contains(types, "null") {
		types = c.types(types)
	}
	n := &node{types: widen(path, types, values)}
	objects, lists := mapsIn(values), listsIn(values)
	switch {
	case len(objects) > 0 && len(path) < maxDepth:
		n = d.object(path, declared, objects)
		n.types = widen(path, types, values)
	case len(lists) > 0:
		n.items = itemsOf(lists)
	}
	n.description = cmp.Or(c.description, d.params[strings.Join(path, ".")])
	return n
}

// object returns the schema of the map at a path.
func (d *drafter) object(path []string, declared *yaml.Node, objects []map[string]any) *node {
	n := &node{types: []string{"object"}, open: !d.isClosed(path)}
	keys := map[string]bool{}
	if use := valuesuse.UseOf(d.chart, path); use != nil {
		for key := range use.Fields {
			keys[key] = true
		}
	}
	if !d.isFree(path) {
		for _, o := range objects {
			for key := range o {
				keys[key] = true
			}
		}
	}
	for key, value := range chart.Pairs(declared) {
		if keys[key.Value] {
			d.addProperty(n, path, key.Value, key, value, objects)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		d.addProperty(n, path, key, nil, nil, objects)
	}
	return n
}

// isFree reports whether users choose the keys of the map at a path: the templates print it, or a map around it, as a
// whole, or range over it.
func (d *drafter) isFree(path []string) bool {
	for length := range len(path) + 1 {
		if use := valuesuse.UseOf(d.chart, path[:length]); use != nil && (use.Whole || use.Items != nil) {
			return true
		}
	}
	return false
}

func (d *drafter) addProperty(
	n *node, path []string, key string, keyNode, declared *yaml.Node, objects []map[string]any,
) {
	if len(path) == 0 && d.chart.IsSharedKey(key) || keyNode != nil && keyNode.Tag == "!!merge" {
		return
	}
	var values []any
	for _, o := range objects {
		if value, ok := o[key]; ok {
			values = append(values, value)
		}
	}
	n.add(key, d.value(append(slices.Clip(path), key), keyNode, declared, values))
}

// isClosed reports whether the templates read the map at a path, and all maps around it, by the names of its keys only.
func (d *drafter) isClosed(path []string) bool {
	return d.complete && !d.isFree(path) && (len(path) == 0 || valuesuse.UseOf(d.chart, path) != nil)
}

// addShared adds the keys at the root that Helm and other charts know: the globals, the values of the dependencies, and
// what enables them or the chart itself.
func (d *drafter) addShared(root *node) {
	root.add(chart.GlobalKey, &node{types: []string{"object"}, open: true, description: "Values that all charts share."})
	root.add("enabled", &node{types: []string{"boolean"}, description: "Whether a parent chart enables this chart."})
	for _, dependency := range d.chart.Source().Dependencies {
		root.add(dependency.Key, &node{types: []string{"object"}, open: true, description: "Values of a dependency."})
		for _, condition := range dependency.Conditions {
			addCondition(root, condition)
		}
		if len(dependency.Tags) > 0 {
			root.add("tags", &node{types: []string{"object"}, open: true, description: "Groups of dependencies to enable."})
		}
		for _, imported := range dependency.Imports {
			if len(imported.Parent) > 0 {
				root.add(imported.Parent[0], &node{})
			}
		}
	}
}

// addCondition adds the path of the value that enables a dependency.
func addCondition(root *node, path []string) {
	at := root
	for i, key := range path {
		switch below := at.properties[key]; {
		case below != nil && i < len(path)-1 && slices.Contains(below.types, "object"):
			at = below
		case below == nil && i == len(path)-1:
			at.add(key, &node{types: []string{"boolean"}})
		case below == nil:
			at.add(key, &node{types: []string{"object"}, open: true})
			return
		default:
			return
		}
	}
}

// MarshalJSON writes the keywords and the properties in their order.
func (n *node) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	write := func(keyword string, value any) error {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		content, err := marshal(value)
		fmt.Fprintf(&out, "%q:%s", keyword, content)
		return err
	}
	var failures []error
	if n.description != "" {
		failures = append(failures, write("description", n.description))
	}
	switch len(n.types) {
	case 0:
	case 1:
		failures = append(failures, write("type", n.types[0]))
	default:
		failures = append(failures, write("type", n.types))
	}
	if len(n.keys) > 0 {
		failures = append(failures, write("properties", properties{n}))
	}
	if slices.Contains(n.types, "object") {
		failures = append(failures, write("additionalProperties", n.open))
	}
	if n.items != nil {
		failures = append(failures, write("items", n.items))
	}
	out.WriteByte('}')
	return out.Bytes(), errors.Join(failures...)
}

// properties are the properties of an object, in their order.
type properties struct{ of *node }

func (p properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, key := range p.of.keys {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := marshal(key)
		if err != nil {
			return nil, err
		}
		content, err := marshal(p.of.properties[key])
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(content)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func encode(root *node) ([]byte, error) {
	content, err := marshal(root)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("{%q:%q,", "$schema", dialect) + strings.TrimPrefix(string(content), "{")
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
