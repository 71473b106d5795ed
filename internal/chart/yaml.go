package chart

import (
	"iter"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// parseDocument parses a YAML document. It returns nil if the content does not parse or is empty.
func parseDocument(content []byte) *yaml.Node {
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) != nil || doc.Kind != yaml.DocumentNode {
		return nil
	}
	return doc.Content[0]
}

// Resolve returns the target of an alias, or the node itself if it is not an alias.
func Resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// HasAlias reports whether a node is or contains an alias.
func HasAlias(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, HasAlias)
}

// Pairs returns the keys and values of a map, without those that << merges into it; none if n is not a map. It resolves
// aliases of the map and of its values.
func Pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		n := Resolve(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for k, v := range pairs(n) {
			if !yield(k, Resolve(v)) {
				return
			}
		}
	}
}

// pairs returns the keys and values of a map as they are written.
func pairs(mapping *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

// Entry returns a key of a map, or of the maps that << merges into it, and its value; nil if there is none.
func Entry(mapping *yaml.Node, key string) (k, v *yaml.Node) {
	mapping = Resolve(mapping)
	k, v, merges := ownEntry(mapping, key)
	if k != nil || !merges {
		return k, v
	}
	for _, m := range merged(mapping)[1:] {
		if k, v, _ := ownEntry(m, key); k != nil {
			return k, v
		}
	}
	return nil, nil
}

// ownEntry finds a key that is written in a map. If there is none, it reports whether the map merges others.
func ownEntry(mapping *yaml.Node, key string) (k, v *yaml.Node, merges bool) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil, false
	}
	for k, v := range pairs(mapping) {
		if k.Value == key {
			return k, Resolve(v), false
		}
		merges = merges || k.Tag == "!!merge"
	}
	return nil, nil, merges
}

// merged appends a map and the maps that << merges into it, directly or indirectly, to those found before. Each map
// appears once, because a map can merge itself. The first map that has a key determines its value.
func merged(mapping *yaml.Node, before ...*yaml.Node) []*yaml.Node {
	mapping = Resolve(mapping)
	if mapping == nil || mapping.Kind != yaml.MappingNode || slices.Contains(before, mapping) {
		return before
	}
	before = append(before, mapping)
	for key, value := range pairs(mapping) {
		if key.Tag != "!!merge" {
			continue
		}
		if value = Resolve(value); value.Kind != yaml.SequenceNode {
			before = merged(value, before...)
			continue
		}
		for _, item := range value.Content {
			before = merged(item, before...)
		}
	}
	return before
}

func anyHas(maps []*yaml.Node, key string) bool {
	for _, m := range maps {
		for k := range pairs(m) {
			if k.Value == key {
				return true
			}
		}
	}
	return false
}

// Child returns the value of a key of a map, with the key, or the item of a list at an index; nil if there is none.
func Child(node *yaml.Node, key string) (k, v *yaml.Node) {
	node = Resolve(node)
	if node == nil || node.Kind != yaml.SequenceNode {
		return Entry(node, key)
	}
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(node.Content) {
		return nil, nil
	}
	return nil, Resolve(node.Content[i])
}

// find returns the node to report for a value at a path: the key of a map or list that starts on another line, else the
// value itself. If key is not empty, it is that key of the map at the path instead. find returns nil for the document
// as a whole, and if the value is not set.
func find(node *yaml.Node, path []string, key string) *yaml.Node {
	var name *yaml.Node
	for _, step := range path {
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
	if len(path) == 0 {
		return nil
	}
	return node
}
