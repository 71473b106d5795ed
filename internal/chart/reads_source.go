package chart

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
)

// ValueSource is where a value that was rendered is set.
type ValueSource struct {
	// Position is the key in the values file that sets it.
	Position Position `json:"position"`
	// Key is the key as people write it, such as resources.app.limits.memory, from the root of the values of the chart that is linted.
	Key string `json:"key"`
}

// Value is the key of the values that decides the node: the only one that the action on the node's template line reads, where what
// it printed shows that value. It is nil where that is not certain.
func (n Node) Value() *ValueSource {
	if n.source == nil || n.value == nil || n.source.rendered.values == nil {
		return nil
	}
	line := n.Position().Line
	read := n.source.rendered.readOn(n.source.template, line)
	whole := false
	if read == nil {
		line = n.firstLineBelow()
		read = n.source.rendered.readOn(n.source.template, line)
		whole = true // the key is the template's own, all below it is printed
	}
	if read == nil {
		return nil
	}
	var found []string
	for _, at := range expand(n.source.rendered.values.AsMap(), read.path()) {
		below, fits := n.printedFrom(value(n.source.rendered.values.AsMap(), at), line, whole)
		if !fits {
			continue
		}
		if found != nil {
			return nil
		}
		found = slices.Concat(at, below)
	}
	if found == nil {
		return nil
	}
	at := n.source.rendered.setPosition(found)
	if at.Line == 0 {
		return nil
	}
	return &ValueSource{Position: at, Key: keyPath(found)}
}

// firstLineBelow is the template line of the first key or item of a map or list; 0 if it has none.
func (n Node) firstLineBelow() int {
	for _, below := range n.Entries() {
		return below.Position().Line
	}
	for below := range n.Items() {
		return below.Position().Line
	}
	return 0
}

// readOn is the value that the only action on a template line reads; nil if there are more actions, or it reads more values.
func (r *Rendered) readOn(template string, line int) *place {
	if line == 0 {
		return nil
	}
	actions := r.chart.templateReads().actionsOn(template, line)
	if len(actions) != 1 {
		return nil
	}
	var only *place
	for p := range actions[0] {
		if copies(actions[0], p) {
			continue
		}
		if only != nil {
			return nil
		}
		only = p
	}
	return only
}

// copies says whether a place is a parent's global that is among the places in its subchart's copy too.
func copies(places map[*place]bool, p *place) bool {
	for other := range places {
		if other.above == p {
			return true
		}
	}
	return false
}

// actionsOn are what each action on a line of a template reads.
func (r *reader) actionsOn(template string, line int) []map[*place]bool {
	var found []map[*place]bool
	for at, reads := range r.actions {
		if at.file.name == template && at.file.line(at.at) == line {
			found = append(found, reads)
		}
	}
	return found
}

// expand is a path with every step that is not known replaced by each that the values have there.
func expand(values any, path []string) [][]string {
	unknown := slices.Index(path, anyKey)
	if unknown < 0 {
		return [][]string{path}
	}
	var paths [][]string
	for _, key := range keysOf(value(values, path[:unknown])) {
		known := slices.Concat(path[:unknown], []string{key}, path[unknown+1:])
		paths = append(paths, expand(values, known)...)
	}
	return paths
}

func keysOf(v any) []string {
	var keys []string
	switch v := v.(type) {
	case map[string]any:
		return sortedKeys(v)
	case []any:
		for i := range v {
			keys = append(keys, strconv.Itoa(i))
		}
	}
	return keys
}

// printedFrom says whether the node shows the value or a part of it, and which part. The value is looked for in the node and in what
// the node is in, as far as that comes from the same template line; whole says that it can only be the node.
func (n Node) printedFrom(v any, line int, whole bool) (below []string, fits bool) {
	trail, steps := n.trail()
	for i := len(trail) - 1; i >= 0; i-- {
		at := trail[i]
		rest := steps[i:]
		if shown, shift := shows(at.value, v, len(rest) > 0); shown {
			part, in := partOf(v, rest, shift)
			if fits && in {
				return nil, false // the value has itself within
			}
			if in {
				below, fits = part, true
			}
		}
		if whole || at.Position().Line != line {
			break
		}
	}
	return below, fits
}

// trail are the nodes from the object down to the node, and the steps between them.
func (n Node) trail() (nodes []Node, steps []string) {
	for _, o := range n.source.rendered.Objects {
		if o.source != n.source {
			continue
		}
		if nodes, steps := o.trailTo(n, nil, nil); nodes != nil {
			return nodes, steps
		}
	}
	return []Node{n}, nil
}

func (n Node) trailTo(target Node, nodes []Node, steps []string) ([]Node, []string) {
	nodes = append(slices.Clip(nodes), n)
	if n.value == target.value && n.key == target.key {
		return nodes, steps
	}
	if len(nodes) > maxDepth {
		return nil, nil
	}
	for key, below := range n.Entries() {
		if found, at := below.trailTo(target, nodes, append(slices.Clip(steps), key)); found != nil {
			return found, at
		}
	}
	i := 0
	for below := range n.Items() {
		if found, at := below.trailTo(target, nodes, append(slices.Clip(steps), strconv.Itoa(i))); found != nil {
			return found, at
		}
		i++
	}
	return nil, nil
}

// shows says whether a rendered node has a value in it: the same scalar or one around it, all items of a list one after the other,
// from the index shift on, or all keys of a map. Where more says so, the node may have others too, which a template may print
// beside them; else only a list or map that is all the same will do.
func shows(n *yaml.Node, v any, more bool) (shown bool, shift int) {
	if n.Kind == yaml.ScalarNode {
		return !more && showsScalar(n, v), 0
	}
	var rendered any
	if n.Decode(&rendered) != nil {
		return false, 0
	}
	switch v := v.(type) {
	case map[string]any:
		keys, ok := rendered.(map[string]any)
		if !ok || len(v) == 0 || !more && len(keys) != len(v) {
			return false, 0
		}
		for key, want := range v {
			if got, has := keys[key]; !has || !same(want, got) {
				return false, 0
			}
		}
		return true, 0
	case []any:
		items, ok := rendered.([]any)
		if !ok || len(v) == 0 || !more && len(items) != len(v) {
			return false, 0
		}
		for shift := 0; shift+len(v) <= len(items); shift++ {
			if slices.EqualFunc(v, items[shift:shift+len(v)], same) {
				return true, shift
			}
		}
	}
	return false, 0
}

func showsScalar(n *yaml.Node, v any) bool {
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	text := fmt.Sprint(v)
	return text != "" && strings.Contains(n.Value, text)
}

// partOf is the part of a value that some steps lead to, where the value's items start at an index of the rendered list.
func partOf(v any, steps []string, shift int) ([]string, bool) {
	if len(steps) == 0 {
		return nil, true
	}
	steps = slices.Clone(steps)
	if _, isList := v.([]any); isList {
		i, err := strconv.Atoi(steps[0])
		if err != nil {
			return nil, false
		}
		steps[0] = strconv.Itoa(i - shift)
	}
	for i := range steps {
		if !slices.Contains(keysOf(v), steps[i]) {
			return nil, false
		}
		v = value(v, steps[i:i+1])
	}
	return steps, true
}

// setPosition is where the values set a value, given its path from the root chart.
func (r *Rendered) setPosition(path []string) Position {
	s := scope{charts: []*helmchart.Chart{r.helm}, folder: []string{""}, values: r.values.AsMap()}
	for len(path) > 1 {
		helm := s.charts[len(s.charts)-1]
		i := slices.IndexFunc(helm.Dependencies(), func(d *helmchart.Chart) bool { return d.Name() == path[0] })
		if i < 0 {
			break
		}
		dependency := helm.Dependencies()[i]
		s.charts = append(s.charts, dependency)
		s.keys = append(s.keys, path[0])
		s.folder = append(s.folder, r.folders[rawFile(dependency, metadataFile)])
		s.values = value(s.values, path[:1])
		path = path[1:]
	}
	return r.valuePosition(s, path, "")
}
