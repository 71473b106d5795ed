package chart

import (
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// NamedAfterRelease says whether a name carries that of the release: such an object is meant to be of the release.
func NamedAfterRelease(name string) bool { return strings.Contains(name, releaseName) }

// PodLabels are the labels that the object gives the pods that it is or makes; they do not exist for other objects.
func (o *Object) PodLabels() Node {
	path, known := podSpecs[o.Kind]
	if !known || !podGroups[o.Group()] {
		return Node{}
	}
	pod := path[:len(path)-1]
	return o.Get(pod...).Get("metadata", "labels")
}

// Texts are the scalars anywhere in the value. Those that an alias stands for are among them only if they are written in it.
func (n Node) Texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		eachText(n.value, yield)
	}
}

func eachText(node *yaml.Node, yield func(string) bool) bool {
	if node == nil {
		return true
	}
	if node.Kind == yaml.ScalarNode && !yield(node.Value) {
		return false
	}
	for _, below := range node.Content {
		if !eachText(below, yield) {
			return false
		}
	}
	return true
}
