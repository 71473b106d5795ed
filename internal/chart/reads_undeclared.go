package chart

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chartutil"
)

// UndeclaredRead is a key that a template reads, and that the chart does not know.
type UndeclaredRead struct {
	Key string
	// Position is the first template line that reads it.
	Position Position
	// Nearest is the key that the chart knows and that is spelt most like it; empty if none is.
	Nearest string
	// Unread says that no template reads Nearest.
	Unread bool
	// Refused says that the schema refuses the key: no values can ever set it.
	Refused bool
	// Optional says that templates look whether the key is there before they use it.
	Optional bool
}

// UndeclaredReads are the keys that the chart's own templates read, each where it is read first, and that neither a values file
// of the chart nor its schema has, in the order of the templates. A key that is written in a comment of values.yaml is
// declared; so is whatever is in a map that is empty there, and all globals and values of subcharts.
func (c *Chart) UndeclaredReads() []UndeclaredRead {
	r := c.templateReads()
	if r.undecided || c.IsLibrary() {
		return nil
	}
	d := c.declarations(r)
	first := map[string]UndeclaredRead{}
	for spot, places := range r.accesses {
		at := spot.file.position
		at.Line = spot.file.line(spot.at)
		for _, found := range d.undeclared(places) {
			known, is := first[found.Key]
			found.Optional = found.Optional || known.Optional
			if found.Position = at; is && comparePositions(known.Position, at) <= 0 {
				found.Position = known.Position
			}
			first[found.Key] = found
		}
	}
	found := make([]UndeclaredRead, 0, len(first))
	for _, u := range first {
		found = append(found, u)
	}
	slices.SortFunc(found, func(a, b UndeclaredRead) int {
		return cmp.Or(comparePositions(a.Position, b.Position), cmp.Compare(a.Key, b.Key))
	})
	return found
}

// undeclared are those of the places that one step of a template leads to which the chart does not know; none if it knows one of
// them: a define that several templates include may look for what only some of them have.
func (d *declarations) undeclared(places map[*place]bool) []UndeclaredRead {
	var found []UndeclaredRead
	for p := range places {
		missing, refused := d.missing(p)
		if missing == nil {
			return nil
		}
		u := UndeclaredRead{Key: keyPath(missing), Refused: refused}
		for at := p; at.depth >= len(missing); at = at.parent {
			u.Optional = u.Optional || at.asked
		}
		u.Nearest, u.Unread = d.nearest(missing)
		found = append(found, u)
	}
	return found
}

func comparePositions(a, b Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// declarations are the keys that a chart knows.
type declarations struct {
	chart    *Chart
	reads    *reader
	values   []*yaml.Node // of each values file in the chart
	schema   *contract    // may be nil
	comments string       // of values.yaml
	keys     [][]string   // of values.yaml and of the schema
}

var commentLine = regexp.MustCompile(`(?m)(?:^|\s)#.*$`)

func (c *Chart) declarations(r *reader) *declarations {
	d := &declarations{chart: c, reads: r, schema: c.contract()}
	for _, f := range c.helm.Raw {
		if !isValuesFile(f.Name) {
			continue
		}
		if root := c.document(f.Name, f); root != nil {
			d.values = append(d.values, root)
		}
		if f.Name == valuesFile {
			d.comments = strings.Join(commentLine.FindAllString(string(f.Data), -1), "\n")
			d.list(c.document(f.Name, f), nil)
		}
	}
	if d.schema != nil {
		d.listProperties([]*yaml.Node{d.schema.root}, nil)
	}
	return d
}

// valuesFiles are how charts call the values that they come with.
var valuesFiles = regexp.MustCompile(`^(values([-._][^/]*)?|ci/[^/]*values)\.ya?ml$`)

func isValuesFile(name string) bool { return valuesFiles.MatchString(name) }

func (d *declarations) list(n *yaml.Node, keys []string) {
	if len(keys) > maxDepth {
		return
	}
	for key, value := range members(resolve(n)) {
		at := append(slices.Clip(keys), key.Value)
		d.keys = append(d.keys, at)
		d.list(value, at)
	}
}

func (d *declarations) listProperties(schemas []*yaml.Node, keys []string) {
	const deep = 8 // schemas refer to themselves
	if len(keys) > deep {
		return
	}
	parts, _ := d.schema.parts(schemas)
	for _, part := range parts {
		for key, property := range members(member(part, "properties")) {
			at := append(slices.Clip(keys), key.Value)
			d.keys = append(d.keys, at)
			d.listProperties([]*yaml.Node{property}, at)
		}
	}
}

// missing is the shortest beginning of a path that the chart does not know, or nil; refused says that the schema rules it out.
func (d *declarations) missing(to *place) (keys []string, refusedBySchema bool) {
	path := to.path()
	if len(path) == 0 || d.chart.shares(path[0]) || isOpen(to) {
		return nil, false
	}
	values := d.values
	var schemas []*yaml.Node
	if d.schema != nil {
		schemas = []*yaml.Node{d.schema.root}
	}
	wild := false
	for i, key := range path {
		wild = wild || key == anyKey
		var says verdict
		isFree := i > 0 && (isFree(values) || isTakenWhole(to, i))
		values = below(values, key)
		if schemas != nil {
			schemas, says = d.schema.step(schemas, key)
		}
		switch {
		case len(values) > 0 || says == declared:
		case says == refused:
			return path[:i+1], true
		case wild || isFree && says != undeclared || d.isCommented(path[:i+1]):
			return nil, false
		default:
			return path[:i+1], false
		}
	}
	return nil, false
}

// isOpen says whether templates, or imports, put something into the value or into what it is in.
func isOpen(p *place) bool {
	for ; p != nil; p = p.parent {
		if p.open {
			return true
		}
	}
	return false
}

// isTakenWhole says whether templates read the map at some depth above a place as a whole, or key by key, whatever keys it has.
func isTakenWhole(p *place, depth int) bool {
	for p.depth > depth {
		p = p.parent
	}
	return p.below || p.children[anyKey] != nil
}

// isFree says whether some values show no key of the map that they are: what is not there, empty or no map may have any.
func isFree(values []*yaml.Node) bool {
	return !slices.ContainsFunc(values, func(n *yaml.Node) bool { return isMapping(n) && len(n.Content) > 0 })
}

func below(values []*yaml.Node, key string) []*yaml.Node {
	var found []*yaml.Node
	for _, n := range values {
		if key == anyKey {
			found = append(found, resolveAll(items(n))...)
		} else if _, value := child(n, key); value != nil {
			found = append(found, value)
		}
	}
	return found
}

// items are the items of a list, or the values of a map.
func items(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return mappingValues(n)
}

func resolveAll(nodes []*yaml.Node) []*yaml.Node {
	resolved := make([]*yaml.Node, len(nodes))
	for i, n := range nodes {
		resolved[i] = resolve(n)
	}
	return resolved
}

// isCommented says whether a comment of values.yaml shows the key, as `key:`, or its path, as documentation generators want it.
func (d *declarations) isCommented(path []string) bool {
	key := regexp.QuoteMeta(path[len(path)-1])
	whole := regexp.QuoteMeta(strings.Join(path, "."))
	shown := regexp.MustCompile(`(?:^|[^\w.-])(?:["']?` + key + `["']?\s*:|` + whole + `(?:[^\w-]|$))`)
	return shown.MatchString(d.comments)
}

// nearest is the known key that is spelt most like a path, and whether no template reads it.
func (d *declarations) nearest(path []string) (key string, unread bool) {
	want, last := strings.Join(path, "."), path[len(path)-1]
	least := max(2, len(last)/3)
	var found []string
	for _, keys := range d.keys {
		candidate := strings.Join(keys, ".")
		if abs(len(candidate)-len(want)) > least || keys[0] == chartutil.GlobalKey {
			continue
		}
		distance := levenshtein.Distance(want, candidate, nil)
		if distance < len(last) && (distance < least || distance == least && found == nil) {
			least, found = distance, keys
		}
	}
	if found == nil {
		return "", false
	}
	return keyPath(found), !d.isRead(found)
}

func (d *declarations) isRead(keys []string) bool {
	places := []*place{d.reads.values}
	for _, key := range keys {
		if slices.ContainsFunc(places, func(p *place) bool { return p.below }) {
			return true
		}
		places = steps(places, key)
	}
	return slices.ContainsFunc(places, func(p *place) bool { return p.live })
}

func abs(n int) int { return max(n, -n) }
