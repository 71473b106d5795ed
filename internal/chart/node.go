package chart

import (
	"iter"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Node is a value in a rendered object. The zero Node is a value that is not set; all of its methods may be called.
type Node struct {
	source *source
	key    *yaml.Node // nil for the object itself and for items of a list
	value  *yaml.Node
}

// source is the rendered document that a node is in.
type source struct {
	rendered *Rendered
	template string
	line     int // of the template's output that the document starts on, from 1
}

// Exists reports whether the value is set. As in Kubernetes, null is not.
func (n Node) Exists() bool { return n.value != nil && n.value.Tag != "!!null" }

// IsZero reports whether the document has no value at the node, not even null.
func (n Node) IsZero() bool { return n.value == nil }

// Get returns the value at a path of keys, or the zero Node.
func (n Node) Get(keys ...string) Node {
	for _, key := range keys {
		n.key, n.value = Entry(n.value, key)
	}
	return n
}

// Closest returns the value at the longest prefix of a path of keys that is set. Its position is where a missing value
// belongs.
func (n Node) Closest(keys ...string) Node {
	for _, key := range keys {
		next := n.Get(key)
		if next.value == nil {
			break
		}
		n = next
	}
	return n
}

// Items returns the items of a list; none if the value is not a list.
func (n Node) Items() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.value == nil || n.value.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range n.value.Content {
			if !yield(Node{source: n.source, value: Resolve(item)}) {
				return
			}
		}
	}
}

// Entries returns the keys and values of a map in the order of the document, and then those that << merges into it;
// none if the value is not a map. Each key is returned once.
func (n Node) Entries() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		var few [1]*yaml.Node // most maps merge no others
		maps := merged(n.value, few[:0]...)
		for i, m := range maps {
			for key, value := range pairs(m) {
				if key.Tag == "!!merge" || i > 0 && anyHas(maps[:i], key.Value) {
					continue
				}
				if !yield(key.Value, Node{source: n.source, key: key, value: Resolve(value)}) {
					return
				}
			}
		}
	}
}

// Scalar returns the text of a string, number or boolean; false for any other value.
func (n Node) Scalar() (string, bool) {
	if !n.Exists() || n.value.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.value.Value, true
}

// Text returns the text of a string, number or boolean, or "".
func (n Node) Text() string {
	text, _ := n.Scalar()
	return text
}

// Texts returns all scalars in the value. It does not follow aliases.
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

// Decode stores the value in the variable that v points to, as [yaml.Node.Decode] does. It leaves v alone if the value
// is not set.
func (n Node) Decode(v any) error {
	if n.value == nil {
		return nil
	}
	return n.value.Decode(v)
}

// Position returns the template that printed the value and, if it is known, the line of its key or, without a key, of
// the value.
func (n Node) Position() Position {
	if n.source == nil {
		return Position{}
	}
	at := n.source.rendered.templates[n.source.template]
	node := n.value
	if n.key != nil {
		node = n.key
	}
	if node != nil {
		at.Line = n.source.rendered.templateLine(n.source.template, n.source.line+node.Line-1)
	}
	return at
}

// Rendered returns the rendering that the node is in; nil for the zero Node.
func (n Node) Rendered() *Rendered {
	if n.source == nil {
		return nil
	}
	return n.source.rendered
}

// Template returns Helm's name for the template that printed the node, such as shop/templates/deployment.yaml.
func (n Node) Template() string {
	if n.source == nil {
		return ""
	}
	return n.source.template
}

// Ancestors returns the nodes from the object down to the node itself, and the keys and indices between them.
func (n Node) Ancestors() (nodes []Node, keys []string) {
	if n.source == nil {
		return []Node{n}, nil
	}
	for _, o := range n.source.rendered.Objects {
		if o.source != n.source {
			continue
		}
		if nodes, keys := o.pathTo(n, nil, nil); nodes != nil {
			return nodes, keys
		}
	}
	return []Node{n}, nil
}

func (n Node) pathTo(target Node, nodes []Node, keys []string) ([]Node, []string) {
	const maxDepth = 40 // a map may contain itself
	nodes = append(slices.Clip(nodes), n)
	if n.value == target.value && n.key == target.key {
		return nodes, keys
	}
	if len(nodes) > maxDepth {
		return nil, nil
	}
	for key, below := range n.Entries() {
		if found, at := below.pathTo(target, nodes, append(slices.Clip(keys), key)); found != nil {
			return found, at
		}
	}
	i := 0
	for below := range n.Items() {
		if found, at := below.pathTo(target, nodes, append(slices.Clip(keys), strconv.Itoa(i))); found != nil {
			return found, at
		}
		i++
	}
	return nil, nil
}
