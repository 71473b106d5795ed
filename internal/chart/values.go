package chart

import (
	"path"
	"regexp"
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

// valuePosition finds where a value of a chart in the tree is set: in the values.yaml of the root, else of the next chart down, the
// first of which wins in Helm too. key, if given, is the key of the map at location that is meant. Where no file sets it, the
// position is the chart's own values.yaml as a whole, or its schema if it has none.
func (c *Chart) valuePosition(s scope, location []string, key string) Position {
	for depth, helm := range s.charts {
		name := path.Join(s.folder[depth], valuesFile)
		document := c.document(name, rawFile(helm, valuesFile))
		from := append(append([]string{}, s.keys[depth:]...), location...)
		node := find(document, from, key)
		if node == nil && len(location) > 0 && location[0] == chartutil.GlobalKey {
			node = find(document, location, key) // a parent's globals are its subcharts' too
		}
		if node != nil {
			at := c.file(name)
			at.Line, at.Column = node.Line, node.Column
			return at
		}
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
