package chart

import (
	"path"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
)

// RepeatedKey is a key that appears twice in a YAML map.
type RepeatedKey struct {
	Path          []string // of the key, itself included
	First, Second Position
}

// RepeatedKeys returns the keys that appear twice in the same map, anywhere in the value. A key that appears n times is
// returned n-1 times.
func (n Node) RepeatedKeys() []RepeatedKey {
	var found []RepeatedKey
	eachRepeated(n.value, func(path []string, first, second *yaml.Node) {
		found = append(found, RepeatedKey{
			Path:   slices.Clone(path),
			First:  Node{source: n.source, key: first}.Position(),
			Second: Node{source: n.source, key: second}.Position(),
		})
	})
	return found
}

// RepeatedKeys returns the keys that appear twice in the same map of a values file: the values.yaml of the chart and of
// its subcharts, and the chart's own values-*.yaml and ci/*-values.yaml.
func (c *Chart) RepeatedKeys() []RepeatedKey {
	var found []RepeatedKey
	c.eachValuesFile(c.helm, func(name string, f *helmchart.File) {
		eachRepeated(c.document(name, f), func(path []string, first, second *yaml.Node) {
			at := c.file(name).File
			found = append(found, RepeatedKey{
				Path:   slices.Clone(path),
				First:  Position{File: at, Line: first.Line, Column: first.Column},
				Second: Position{File: at, Line: second.Line, Column: second.Column},
			})
		})
	})
	return found
}

// eachValuesFile visits the values files of a chart and of its subcharts, with their paths in the root chart.
func (c *Chart) eachValuesFile(helm *helmchart.Chart, visit func(name string, f *helmchart.File)) {
	folder := c.folders[rawFile(helm, metadataYAML)]
	for _, f := range helm.Raw {
		if f.Name == ValuesYAML || helm == c.helm && isValuesSet(f.Name) {
			visit(path.Join(folder, f.Name), f)
		}
	}
	for _, dependency := range helm.Dependencies() {
		c.eachValuesFile(dependency, visit)
	}
}

// eachRepeated visits the keys that appear twice in the same map, anywhere in root.
func eachRepeated(root *yaml.Node, visit func(path []string, first, second *yaml.Node)) {
	s := repeatedSearch{visit: visit}
	s.search(root)
}

type repeatedSearch struct {
	path  []string // of the node that is being searched
	visit func(path []string, first, second *yaml.Node)
}

// search does not follow aliases: their targets are searched where they are written.
func (s *repeatedSearch) search(node *yaml.Node) {
	if node == nil {
		return
	}
	depth := len(s.path)
	defer func() { s.path = s.path[:depth] }()
	switch node.Kind {
	case yaml.MappingNode:
		known := firstKeys(node)
		for key, value := range pairs(node) {
			s.path = append(s.path[:depth], key.Value)
			if first := known(key); first != nil {
				s.visit(s.path, first, key)
			}
			s.search(value)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			s.path = append(s.path[:depth], strconv.Itoa(i))
			s.search(item)
		}
	}
}

// firstKeys returns a function that returns the first key in the map that equals a key, or nil if that is the key
// itself. Keys are equal if they are in JSON, which Kubernetes converts them to. Several merges (<<) are not a
// repetition.
func firstKeys(mapping *yaml.Node) func(*yaml.Node) *yaml.Node {
	const few = 16 // a linear search is faster up to here
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
