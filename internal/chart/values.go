package chart

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Lookup is the value at a path of keys, and of indices of lists; nil if there is none.
func Lookup(values any, keys []string) any {
	for _, key := range keys {
		switch v := values.(type) {
		case map[string]any:
			values = v[key]
		case []any:
			i, err := strconv.Atoi(key)
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

// find is the node to point at for a location: the key of a map or list that starts on a line of its own, else the value; nil
// for the document as a whole, and where there is none.
func find(node *yaml.Node, location []string, key string) *yaml.Node {
	var name *yaml.Node
	for _, step := range location {
		name, node = Child(node, step)
		if node == nil {
			return nil
		}
	}
	if key != "" {
		name, _ = Entry(node, key)
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

// Child is the key, if it is a map, and the value of a step into a map or list.
func Child(node *yaml.Node, step string) (key, value *yaml.Node) {
	node = Resolve(node)
	if node == nil || node.Kind != yaml.SequenceNode {
		return Entry(node, step)
	}
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(node.Content) {
		return nil, nil
	}
	return nil, Resolve(node.Content[i])
}
