package valuesuse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// Origin returns the key of the values that determines a rendered node: the only one that the action on the node's
// template line reads, if what the action printed shows its value. The key is the path from the root of the values of
// the chart that was loaded. Origin returns nil if the key is not certain.
func Origin(n chart.Node) *chart.ValuesKey {
	r := n.Rendered()
	if r == nil || r.Values() == nil || n.IsZero() {
		return nil
	}
	o := origin{node: n, line: n.Position().Line}
	p := readOn(n, o.line)
	if p == nil {
		o.line, o.whole = firstLineBelow(n), true
		p = readOn(n, o.line)
	}
	if p == nil {
		return nil
	}
	var found []string
	for _, at := range expand(r.Values(), p.keys()) {
		below, ok := o.part(chart.Lookup(r.Values(), at))
		if !ok {
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
	at := r.ValuePosition(found)
	if at.Line == 0 {
		return nil
	}
	return &chart.ValuesKey{Position: at, Key: schema.FormatPath(found)}
}

// firstLineBelow returns the template line of the first key or item of a map or list; 0 if it has none.
func firstLineBelow(n chart.Node) int {
	for _, below := range n.Entries() {
		return below.Position().Line
	}
	for below := range n.Items() {
		return below.Position().Line
	}
	return 0
}

// readOn returns the path that the only action on a line of the node's template reads. It returns nil if the line has
// several actions, or the action reads several values.
func readOn(n chart.Node, line int) *path {
	if line == 0 {
		return nil
	}
	var actions []map[*path]bool
	for at, reads := range analyze(n.Rendered().Chart()).actions {
		if at.file.name == n.Template() && at.file.line(at.pos) == line {
			actions = append(actions, reads)
		}
	}
	if len(actions) != 1 {
		return nil
	}
	var only *path
	for p := range actions[0] {
		if isCopied(p, actions[0]) {
			continue
		}
		if only != nil {
			return nil
		}
		only = p
	}
	return only
}

// isCopied reports whether p is a parent's global that is read by way of its copy in a subchart.
func isCopied(p *path, reads map[*path]bool) bool {
	for other := range reads {
		if other.global == p {
			return true
		}
	}
	return false
}

// expand replaces every summary of keys in a path by each key that the values have there.
func expand(values any, keys []string) [][]string {
	unknown := slices.Index(keys, anyKey)
	if unknown < 0 {
		return [][]string{keys}
	}
	var expanded [][]string
	for _, key := range keysOf(chart.Lookup(values, keys[:unknown])) {
		known := slices.Concat(keys[:unknown], []string{key}, keys[unknown+1:])
		expanded = append(expanded, expand(values, known)...)
	}
	return expanded
}

// keysOf returns the keys of a map, or the indices of a list.
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

// origin compares a node with a value that may have been printed there.
type origin struct {
	node  chart.Node
	line  int  // of the action, in the template
	whole bool // the action printed all of the node, and nothing around it
}

// part reports whether the node shows a value, or a part of it, and returns the path of that part in the value. The
// value may have been printed as the node or as a node around it, as long as that comes from the same template line.
func (o origin) part(v any) (part []string, ok bool) {
	ancestors, keys := o.node.Ancestors()
	for i := len(ancestors) - 1; i >= 0; i-- {
		below := keys[i:]
		if first, shown := shows(ancestors[i], v, len(below) > 0); shown {
			if found, has := descend(v, below, first); has {
				if ok {
					return nil, false // the value contains itself
				}
				part, ok = found, true
			}
		}
		if o.whole || ancestors[i].Position().Line != o.line {
			break
		}
	}
	return part, ok
}

// shows reports whether a rendered node shows a value: a scalar that contains it, a list with all of its items in a
// row, the first at the returned index, or a map with all of its keys. Unless partial, a list or map must have nothing
// else.
func shows(n chart.Node, v any, partial bool) (first int, ok bool) {
	if text, isScalar := n.Scalar(); isScalar {
		return 0, !partial && containsScalar(text, v)
	}
	var rendered any
	if n.Decode(&rendered) != nil {
		return 0, false
	}
	switch v := v.(type) {
	case map[string]any:
		entries, isMap := rendered.(map[string]any)
		return 0, isMap && len(v) > 0 && (partial || len(entries) == len(v)) && containsEntries(entries, v)
	case []any:
		items, isList := rendered.([]any)
		if !isList || len(v) == 0 || !partial && len(items) != len(v) {
			return 0, false
		}
		for first := 0; first+len(v) <= len(items); first++ {
			if slices.EqualFunc(v, items[first:first+len(v)], schema.Equal) {
				return first, true
			}
		}
	}
	return 0, false
}

func containsScalar(text string, v any) bool {
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	printed := fmt.Sprint(v)
	return printed != "" && strings.Contains(text, printed)
}

func containsEntries(entries, want map[string]any) bool {
	for key, v := range want {
		if got, has := entries[key]; !has || !schema.Equal(v, got) {
			return false
		}
	}
	return true
}

// descend returns the path in a value of the node that keys lead to from the rendered value. If the value is a list,
// its items start at the index first of the rendered list.
func descend(v any, keys []string, first int) ([]string, bool) {
	if len(keys) == 0 {
		return nil, true
	}
	keys = slices.Clone(keys)
	if _, isList := v.([]any); isList {
		i, err := strconv.Atoi(keys[0])
		if err != nil {
			return nil, false
		}
		keys[0] = strconv.Itoa(i - first)
	}
	for i := range keys {
		if !slices.Contains(keysOf(v), keys[i]) {
			return nil, false
		}
		v = chart.Lookup(v, keys[i:i+1])
	}
	return keys, true
}

// Reads reports whether an action on the template line of a rendered node reads values.
func Reads(n chart.Node) bool {
	if n.Rendered() == nil || n.IsZero() {
		return false
	}
	line := n.Position().Line
	for at, reads := range analyze(n.Rendered().Chart()).actions {
		if line > 0 && at.file.name == n.Template() && at.file.line(at.pos) == line && len(reads) > 0 {
			return true
		}
	}
	return false
}
