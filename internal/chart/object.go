package chart

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is one Kubernetes object that the chart renders.
type Object struct {
	Node
	APIVersion string
	Kind       string
	Name       string
}

// String is the object as kubectl would name it, such as Deployment/python-orch.
func (o *Object) String() string { return o.Kind + "/" + o.Name }

// Namespace is the namespace that the object is installed in: that of the release, unless it names another. What belongs to no
// namespace has the release's too.
func (o *Object) Namespace() string {
	if named := o.Get("metadata", "namespace").Text(); named != "" {
		return named
	}
	return releaseNamespace
}

// Node is a value in a rendered object: what it is and where it comes from. The zero Node is a value that is not there; asking
// it for anything is safe.
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

// Exists says whether there is a value; null is none, as in Kubernetes.
func (n Node) Exists() bool { return n.value != nil && n.value.Tag != "!!null" }

// IsZero says whether there is nothing at all at the node, not even a null.
func (n Node) IsZero() bool { return n.value == nil }

// Get is the value under a path of keys, or the zero Node.
func (n Node) Get(keys ...string) Node {
	for _, key := range keys {
		n.key, n.value = Entry(n.value, key)
	}
	return n
}

// Closest is the value under the longest part of a path of keys that is there: the place to put what is missing.
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

// Items are the values of a list; none if it is no list.
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

// Entries are the keys and values of a map, as they are written, and then those of the maps merged into it by << that it does
// not have itself; none if it is no map.
func (n Node) Entries() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		var few [1]*yaml.Node // most maps have no others merged into them
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

// Scalar is the text of a string, number or boolean; false if it is neither.
func (n Node) Scalar() (string, bool) {
	if !n.Exists() || n.value.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.value.Value, true
}

// Text is the text of a scalar, or empty.
func (n Node) Text() string {
	text, _ := n.Scalar()
	return text
}

// Rendered is the rendering that the node is in; nil for the zero Node.
func (n Node) Rendered() *Rendered {
	if n.source == nil {
		return nil
	}
	return n.source.rendered
}

// Template is Helm's name for the template that printed the node, such as shop/templates/deployment.yaml.
func (n Node) Template() string {
	if n.source == nil {
		return ""
	}
	return n.source.template
}

// Ancestors are the nodes from the object down to the node itself, and the keys and indices between them.
func (n Node) Ancestors() (nodes []Node, keys []string) {
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
	const deep = 40
	nodes = append(slices.Clip(nodes), n)
	if n.value == target.value && n.key == target.key {
		return nodes, keys
	}
	if len(nodes) > deep {
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

// Position is the template and, where it is known, the line in it that printed the value: its key, if it has one.
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

// Entry finds a key of a map, with the maps merged into it by <<, and its value.
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

// ownEntry finds a key of a map as it is written, or says whether others are merged into it.
func ownEntry(mapping *yaml.Node, key string) (k, v *yaml.Node, merges bool) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil, false
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		k := mapping.Content[i]
		if k.Value == key {
			return k, Resolve(mapping.Content[i+1]), false
		}
		merges = merges || k.Tag == "!!merge"
	}
	return nil, nil, merges
}

// merged is a map and those that << merges into it, directly or through one another, each once: a map can merge itself. The
// first that has a key decides its value.
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

// pairs are the keys and values of a map, as they are written.
func pairs(mapping *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

// Pairs are the keys and values of a map, without those that << merges into it; none if n is not a map. Aliases of maps and
// of values are resolved.
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

// Resolve is the node that an alias stands for, or the node itself.
func Resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// split reads the objects out of what the templates printed.
func (r *Rendered) split() {
	for _, template := range r.manifests() {
		for _, d := range documents(r.files[template]) {
			r.read(source{rendered: r, template: template, line: d.line}, d.text)
		}
	}
}

func (r *Rendered) read(src source, text string) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		r.ManifestFailures = append(r.ManifestFailures, src.syntaxFailure(text))
		return
	}
	if doc.Kind == 0 { // nothing but comments
		return
	}
	if strings.Contains(text, "*") {
		if err := aliasProblem(&doc); err != nil {
			r.refuse(Node{source: &src}, "the rendered YAML cannot be read: "+err.Error())
			return
		}
	}
	root := Node{source: &src, value: Resolve(doc.Content[0])}
	if root.Exists() {
		r.add(root)
	}
}

// aliasProblem is why the aliases in a document cannot be followed: they lead back to themselves, or to far too much. A tree without
// its aliases has no such problem, and is not what Helm installs.
func aliasProblem(doc *yaml.Node) error {
	if !hasAlias(doc) {
		return nil
	}
	var odd *yaml.TypeError
	if err := doc.Decode(new(any)); err != nil && !errors.As(err, &odd) {
		return errors.New(yamlLine.ReplaceAllString(err.Error(), ""))
	}
	return nil
}

func hasAlias(node *yaml.Node) bool {
	return node.Kind == yaml.AliasNode || slices.ContainsFunc(node.Content, hasAlias)
}

// add takes in an object, or each object of a List, which kubectl and Helm take apart too.
func (r *Rendered) add(root Node) {
	object := &Object{
		Node:       root,
		APIVersion: root.Get("apiVersion").Text(),
		Kind:       root.Get("kind").Text(),
		Name:       root.Get("metadata", "name").Text(),
	}
	var missing []string
	if object.APIVersion == "" {
		missing = append(missing, "apiVersion")
	}
	if object.Kind == "" {
		missing = append(missing, "kind")
	}
	switch {
	case root.value.Kind != yaml.MappingNode:
		r.refuse(root, "the rendered document is no object but "+describe(root.value))
	case len(missing) > 0:
		r.refuse(root, "the rendered object has no "+strings.Join(missing, " and no "))
	case object.APIVersion == "v1" && object.Kind == "List":
		for item := range root.Get("items").Items() {
			r.add(item)
		}
	default:
		r.Objects = append(r.Objects, object)
	}
}

func (r *Rendered) refuse(n Node, message string) {
	r.ManifestFailures = append(r.ManifestFailures, Failure{Position: n.Position(), Message: message})
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return fmt.Sprintf("the text %q", shorten(n.Value))
	}
	return "something else"
}

func shorten(s string) string {
	const most = 60
	return cut(s, most)
}

// cut is at most so many characters of a text.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

var (
	separator = regexp.MustCompile(`(?:^|\s*\n)---\s*`) // as in Helm's releaseutil.SplitManifests
)

// document is a part of a template's output, trimmed as Helm trims it, and the line that it starts on, from 1.
type document struct {
	text string
	line int
}

// documents splits a template's output where Helm does, which is not quite where YAML would.
func documents(printed string) []document {
	var found []document
	line, counted := 1, 0
	from := len(printed) - len(strings.TrimLeft(printed, whiteSpace))
	whole := strings.TrimRight(printed, whiteSpace)
	take := func(start, end int) {
		text := strings.TrimSpace(whole[start:end])
		if text == "" {
			return
		}
		start += strings.Index(whole[start:end], text)
		line += strings.Count(whole[counted:start], "\n")
		counted = start
		found = append(found, document{text: text, line: line})
	}
	if from >= len(whole) {
		return nil
	}
	start := from
	for _, cut := range separator.FindAllStringIndex(whole[from:], -1) {
		take(start, from+cut[0])
		start = from + cut[1]
	}
	take(start, len(whole))
	return found
}

// whiteSpace is what strings.TrimSpace trims, as far as templates print it.
const whiteSpace = " \t\n\r\v\f"

// syntaxFailure places the syntax error in a document.
func (s source) syntaxFailure(text string) Failure {
	line, problem := SyntaxError(text)
	at := s.rendered.templates[s.template]
	at.Line = s.rendered.templateLine(s.template, s.line+line-1)
	wrong := strings.TrimSpace(strings.Split(text, "\n")[line-1])
	message := fmt.Sprintf("the rendered YAML does not parse: %s, at %s", problem, strconv.Quote(shorten(wrong)))
	return Failure{Position: at, Message: message}
}
