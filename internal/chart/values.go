package chart

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chartutil"
)

// value is the value at a location, or nil.
func value(values any, location []string) any {
	for _, step := range location {
		switch v := values.(type) {
		case map[string]any:
			values = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			values = v[i]
		default:
			return nil
		}
	}
	return values
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// keyPath writes a location as people do: image.tag, hosts[0].name, annotations["example.com/team"].
func keyPath(location []string) string {
	if len(location) == 0 {
		return "the values"
	}
	var s strings.Builder
	for i, step := range location {
		_, err := strconv.ParseUint(step, 10, 31)
		switch {
		case err == nil && i > 0:
			s.WriteString("[" + step + "]")
		case !plainKey.MatchString(step):
			s.WriteString("[" + strconv.Quote(step) + "]")
		case i > 0:
			s.WriteString("." + step)
		default:
			s.WriteString(step)
		}
	}
	return s.String()
}

// valuePosition finds where a value of a chart in the tree is set: in the variant's values set, else in the values.yaml of the root, else
// of the next chart down, the first of which wins in Helm too. key, if given, is the key of the map at location that is meant.
// A map is made of all of them: it is where the chart has it. Where no file sets the value, the position is the chart's own
// values.yaml as a whole, or its schema if it has none.
func (r *Rendered) valuePosition(s scope, location []string, key string) Position {
	c := r.chart
	fromRoot := append(slices.Clone(s.keys), location...)
	inSet, isSet := r.variant.values.position(fromRoot, key)
	isGlobal := len(location) > 0 && location[0] == chartutil.GlobalKey // a parent's globals are its subcharts' too
	if !isSet && isGlobal {
		inSet, isSet = r.variant.values.position(location, key)
	}
	if _, isMap := value(s.values, location).(map[string]any); isSet && (key != "" || !isMap) {
		return inSet
	}
	for depth, helm := range s.charts {
		name := path.Join(s.folder[depth], valuesFile)
		document := c.document(name, rawFile(helm, valuesFile))
		from := append(append([]string{}, s.keys[depth:]...), location...)
		node := find(document, from, key)
		if node == nil && isGlobal {
			node = find(document, location, key)
		}
		if node != nil {
			at := c.file(name)
			at.Line, at.Column = node.Line, node.Column
			return at
		}
	}
	if isSet {
		return inSet
	}
	last := len(s.charts) - 1
	if rawFile(s.charts[last], valuesFile) == nil {
		return c.file(path.Join(s.folder[last], schemaFile)) // which asks for a value that nothing sets
	}
	return c.file(path.Join(s.folder[last], valuesFile))
}

// find is the node to point at for a location: the key of a map or list that starts on a line of its own, else the value; nil
// for the document as a whole, and where there is none.
func find(node *yaml.Node, location []string, key string) *yaml.Node {
	var name *yaml.Node
	for _, step := range location {
		name, node = child(node, step)
		if node == nil {
			return nil
		}
	}
	if key != "" {
		name, _ = entry(node, key)
		return name
	}
	if name != nil && node.Line != name.Line {
		return name
	}
	if len(location) == 0 {
		return nil
	}
	return node
}

// child is the key, if it is a map, and the value of a step into a map or list.
func child(node *yaml.Node, step string) (key, value *yaml.Node) {
	node = resolve(node)
	if node == nil || node.Kind != yaml.SequenceNode {
		return entry(node, step)
	}
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(node.Content) {
		return nil, nil
	}
	return nil, resolve(node.Content[i])
}
