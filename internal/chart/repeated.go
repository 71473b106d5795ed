package chart

import (
	"path"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
)

// RepeatedKey is a key that a YAML map has twice.
type RepeatedKey struct {
	Keys          []string // that lead to it, itself included
	First, Second Position
}

// RepeatedKeys are the keys that the value, or any value in it, has twice. A key that is there n times is repeated n-1 times.
func (n Node) RepeatedKeys() []RepeatedKey {
	var found []RepeatedKey
	eachRepeated(n.value, func(keys []string, first, second *yaml.Node) {
		found = append(found, RepeatedKey{
			Keys:   slices.Clone(keys),
			First:  Node{source: n.source, key: first}.Position(),
			Second: Node{source: n.source, key: second}.Position(),
		})
	})
	return found
}

// RepeatedKeys are the keys that the values files of the chart and of the charts in its charts/ folder have twice: their
// values.yaml, and the chart's own values-*.yaml and ci/*-values.yaml.
func (c *Chart) RepeatedKeys() []RepeatedKey {
	var found []RepeatedKey
	c.eachValuesFile(c.helm, func(name string, f *helmchart.File) {
		eachRepeated(c.document(name, f), func(keys []string, first, second *yaml.Node) {
			at := c.file(name).File
			found = append(found, RepeatedKey{
				Keys:   slices.Clone(keys),
				First:  Position{File: at, Line: first.Line, Column: first.Column},
				Second: Position{File: at, Line: second.Line, Column: second.Column},
			})
		})
	})
	return found
}

// eachValuesFile visits values files by their path in the root chart.
func (c *Chart) eachValuesFile(helm *helmchart.Chart, visit func(name string, f *helmchart.File)) {
	folder := c.folders[rawFile(helm, metadataFile)]
	for _, f := range helm.Raw {
		if f.Name == ValuesYAML || helm == c.helm && isValuesSet(f.Name) {
			visit(path.Join(folder, f.Name), f)
		}
	}
	for _, dependency := range helm.Dependencies() {
		c.eachValuesFile(dependency, visit)
	}
}

// eachRepeated visits the keys that a map in root has twice.
func eachRepeated(root *yaml.Node, visit func(keys []string, first, second *yaml.Node)) {
	s := repeatedSearch{visit: visit}
	s.search(root)
}

type repeatedSearch struct {
	keys  []string // that lead to the node being searched
	visit func(keys []string, first, second *yaml.Node)
}

// search does not follow aliases: what they stand for is searched where it is written, and aliases of aliases cost nothing.
func (s *repeatedSearch) search(node *yaml.Node) {
	if node == nil {
		return
	}
	depth := len(s.keys)
	defer func() { s.keys = s.keys[:depth] }()
	switch node.Kind {
	case yaml.MappingNode:
		known := firstKeys(node)
		for key, value := range pairs(node) {
			s.keys = append(s.keys[:depth], key.Value)
			if first := known(key); first != nil {
				s.visit(s.keys, first, key)
			}
			s.search(value)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			s.keys = append(s.keys[:depth], strconv.Itoa(i))
			s.search(item)
		}
	}
}

// firstKeys is a function from a key of a map to the first key that equals it, or nil if that is itself. Keys are equal if JSON,
// which Kubernetes turns them into, has the same name for them. Several merges (<<) are no repetition.
func firstKeys(mapping *yaml.Node) func(*yaml.Node) *yaml.Node {
	const few = 16 // keys that are looked through faster than hashed
	if len(mapping.Content)/2 <= few {
		return func(key *yaml.Node) *yaml.Node {
			for first := range pairs(mapping) {
				if first == key || key.Tag == "!!merge" {
					return nil
				}
				if first.Value == key.Value {
					return first
				}
			}
			return nil
		}
	}
	known := make(map[string]*yaml.Node, len(mapping.Content)/2)
	return func(key *yaml.Node) *yaml.Node {
		first, repeated := known[key.Value]
		if !repeated && key.Tag != "!!merge" {
			known[key.Value] = key
		}
		return first
	}
}
