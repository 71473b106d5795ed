package valuesuse

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
)

// declarations are the keys that a chart declares.
type declarations struct {
	chart    *chart.Chart
	in       *interpreter
	values   []*yaml.Node     // of each values file in the chart
	schema   *schema.Document // may be nil
	comments string           // of values.yaml
	keys     [][]string       // of values.yaml and of the schema
}

var (
	// valuesFile matches the names that charts give to the values files that they contain.
	valuesFile  = regexp.MustCompile(`^(values([-._][^/]*)?|ci/[^/]*values)\.ya?ml$`)
	commentLine = regexp.MustCompile(`(?m)(?:^|\s)#.*$`)
)

func declare(c *chart.Chart, in *interpreter) *declarations {
	d := &declarations{chart: c, in: in, schema: valuesschema.Document(c)}
	for _, f := range c.Source().Files {
		if !valuesFile.MatchString(f.Name) {
			continue
		}
		if root := f.YAML(); root != nil {
			d.values = append(d.values, root)
		}
		if f.Name == chart.ValuesYAML {
			d.comments = strings.Join(commentLine.FindAllString(string(f.Content), -1), "\n")
			d.addKeys(f.YAML(), nil)
		}
	}
	if d.schema != nil {
		d.addProperties(d.schema.Root(), nil)
	}
	return d
}

func (d *declarations) addKeys(n *yaml.Node, keys []string) {
	if len(keys) > maxDepth {
		return
	}
	for key, value := range chart.Pairs(n) {
		at := append(slices.Clip(keys), key.Value)
		d.keys = append(d.keys, at)
		d.addKeys(value, at)
	}
}

func (d *declarations) addProperties(schemas schema.Schemas, keys []string) {
	const deep = 8 // schemas refer to themselves
	if len(keys) > deep {
		return
	}
	for name, property := range schemas.Properties() {
		at := append(slices.Clip(keys), name)
		d.keys = append(d.keys, at)
		d.addProperties(property, at)
	}
}

// missing returns the shortest prefix of a path that the chart does not declare, or nil. refused reports that the
// schema refuses it.
func (d *declarations) missing(p *path) (keys []string, refused bool) {
	keys = p.keys()
	if len(keys) == 0 || d.chart.IsSharedKey(keys[0]) || isAssigned(p) {
		return nil, false
	}
	values := d.values
	var schemas schema.Schemas
	if d.schema != nil {
		schemas = d.schema.Root()
	}
	summarized := false
	for i, key := range keys {
		summarized = summarized || key == anyKey
		anyKeys := i > 0 && (allowAnyKey(values) || usedAsWhole(p, i))
		values = below(values, key)
		var verdict schema.Verdict
		schemas, verdict = schemas.Key(key)
		switch {
		case len(values) > 0 || verdict == schema.Described:
		case verdict == schema.Refused:
			return keys[:i+1], true
		case summarized || anyKeys && verdict != schema.Undescribed || d.isCommented(keys[:i+1]):
			return nil, false
		default:
			return keys[:i+1], false
		}
	}
	return nil, false
}

// isAssigned reports whether a template, or an import, writes to the value at a path or to a map around it.
func isAssigned(p *path) bool {
	for ; p != nil; p = p.parent {
		if p.assigned {
			return true
		}
	}
	return false
}

// usedAsWhole reports whether templates read the map at a depth above p as a whole, or key by key, whatever its keys
// are.
func usedAsWhole(p *path, depth int) bool {
	for p.depth > depth {
		p = p.parent
	}
	return p.deep || p.children[anyKey] != nil
}

// allowAnyKey reports whether values show no keys: a map that is not set or empty may have any.
func allowAnyKey(values []*yaml.Node) bool {
	return !slices.ContainsFunc(values, func(n *yaml.Node) bool {
		return n.Kind == yaml.MappingNode && len(n.Content) > 0
	})
}

// below returns what values have under a key.
func below(values []*yaml.Node, key string) []*yaml.Node {
	var found []*yaml.Node
	for _, n := range values {
		if key != anyKey {
			if _, value := chart.Child(n, key); value != nil {
				found = append(found, value)
			}
			continue
		}
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				found = append(found, chart.Resolve(item))
			}
		}
		for _, value := range chart.Pairs(n) {
			found = append(found, value)
		}
	}
	return found
}

// isCommented reports whether a comment in values.yaml shows a key, as "key:", or its path, as documentation generators
// do.
func (d *declarations) isCommented(keys []string) bool {
	if !strings.Contains(d.comments, keys[len(keys)-1]) {
		return false // most keys, for which compiling the expression would be slow
	}
	key := regexp.QuoteMeta(keys[len(keys)-1])
	path := regexp.QuoteMeta(strings.Join(keys, "."))
	shown := regexp.MustCompile(`(?:^|[^\w.-])(?:["']?` + key + `["']?\s*:|` + path + `(?:[^\w-]|$))`)
	return shown.MatchString(d.comments)
}

// nearest returns the declared key whose spelling is most similar, and whether no template reads it. Of several, a key
// of the same map is preferred, and then one that no template reads. A key of another map that has the same name is not
// a misspelling.
func (d *declarations) nearest(keys []string) (key string, isUnused bool) {
	want, last := strings.Join(keys, "."), keys[len(keys)-1]
	most := max(2, len(last)/3)
	type candidate struct {
		distance, elsewhere, read int
		keys                      []string
	}
	var found []candidate
	for _, declared := range d.keys {
		text := strings.Join(declared, ".")
		if abs(len(text)-len(want)) > most || declared[0] == chart.GlobalKey || strings.HasSuffix(text, "."+want) {
			continue
		}
		c := candidate{distance: levenshtein.Distance(want, text, nil), keys: declared}
		if c.distance > most || c.distance >= len(last) {
			continue
		}
		if !slices.Equal(keys[:len(keys)-1], declared[:len(declared)-1]) {
			c.elsewhere = 1
		}
		if d.in.isRead(declared) {
			c.read = 1
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return "", false
	}
	best := slices.MinFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.elsewhere, b.elsewhere),
			cmp.Compare(a.read, b.read))
	})
	return schema.FormatPath(best.keys), best.read == 0
}

func abs(n int) int { return max(n, -n) }

// isRead reports whether templates read the value under some keys, or a part of it.
func (in *interpreter) isRead(keys []string) bool {
	paths := []*path{in.values}
	for _, key := range keys {
		if slices.ContainsFunc(paths, func(p *path) bool { return p.deep }) {
			return true
		}
		paths = match(paths, key)
	}
	return slices.ContainsFunc(paths, func(p *path) bool { return p.live })
}
