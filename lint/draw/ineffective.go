package draw

import (
	"maps"
	"slices"
	"strconv"

	"github.com/leanovate/gopter"
	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
)

// Ineffective is a keyword of a schema that refuses nothing.
type Ineffective struct {
	schema.Constraint
	Position chart.Position
	// Path is that of a value in the values of the root chart that the keyword is about.
	Path []string
	// Accepted breaks the keyword, and is accepted; empty if the keyword is useless whatever the values.
	Accepted Draw
}

// attempt is what breaking a keyword has shown.
type attempt struct {
	Ineffective
	refused bool
}

// Ineffective breaks at most n keywords of the schemas, one at a time, and returns those that refuse nothing.
func (s *Source) Ineffective(p *gopter.GenParameters, n int) []Ineffective {
	attempts := map[*yaml.Node]*attempt{}
	var order []*attempt
	for _, described := range valuesschema.Documents(s.base) {
		constraints := described.Document.Constraints()
		p.Rng.Shuffle(len(constraints), func(i, j int) { constraints[i], constraints[j] = constraints[j], constraints[i] })
		for _, c := range constraints {
			if c.Useless == "" && n == 0 {
				continue
			}
			if c.Useless == "" {
				n--
			}
			a := attempts[c.Keyword]
			if a == nil {
				a = &attempt{Ineffective: Ineffective{
					Constraint: c, Position: described.File.At(c.Keyword), Path: slices.Concat(described.Scope.Keys, c.Path),
				}}
				attempts[c.Keyword] = a
				order = append(order, a)
			}
			if !a.refused {
				s.attempt(a, described, c, p)
			}
		}
	}
	var found []Ineffective
	for _, a := range order {
		if a.Useless != "" || !a.refused && a.Accepted != nil {
			found = append(found, a.Ineffective)
		}
	}
	return found
}

// attempt breaks a constraint, and records whether the schemas refuse the values.
func (s *Source) attempt(a *attempt, described valuesschema.Described, c schema.Constraint, p *gopter.GenParameters) {
	b := breaker{source: s, Described: described, p: p, at: c.Path, inList: c.InList}
	valid, ok := b.valid()
	if !ok {
		return
	}
	broken := c.Broken(valid)
	if c.Alternative && len(broken) > 0 {
		b.without = c.Without(described.Document)
	}
	for _, value := range broken {
		d := b.draw(value)
		switch {
		case d == nil:
		case b.refuses(d):
			a.refused = true
			return
		case a.Accepted == nil && s.IsValid(d):
			a.Path = slices.Concat(described.Scope.Keys, c.Path)
			a.Accepted = d
		}
	}
	for _, value := range unusual {
		if d := b.draw(value); b.without != nil && d != nil && b.refuses(d) {
			a.refused = true
			return
		}
	}
}

// refuses reports whether the schemas refuse values because of the keyword. In a branch of alternatives, others may
// refuse them, too: the keyword counts only if the verdict is another one without it.
func (b *breaker) refuses(d Draw) bool {
	isValid := b.source.IsValid(d)
	if b.without == nil {
		return !isValid
	}
	values := chart.Lookup(b.source.base.ValuesWith(d.Settings()), b.Scope.Keys)
	return isValid != (len(b.without.Validate(values)) == 0)
}

// unusual are values that most alternatives refuse.
var unusual = []any{
	"", " ", "!", "sample", "a b", int64(-7777), int64(7777), 0.5, true, []any{}, []any{"!"}, []any{int64(1)},
	map[string]any{}, map[string]any{"not-described": "sample"},
}

// breaker puts values that break a constraint into the values of a chart.
type breaker struct {
	valuesschema.Described
	source *Source
	p      *gopter.GenParameters
	at     []string // in the values of the chart with the schema
	inList []bool   // by step of the path
	root   any      // its values, with one at that path

	without *schema.Schema // the schema without the keyword; nil if others do not matter
}

// valid makes values that the schemas accept and that have one at the path, and returns that one.
func (b *breaker) valid() (any, bool) {
	const tries = 5
	for range tries {
		root, ok := b.complete(b.Scope.Values, b.Document.Root(), nil)
		if !ok {
			continue
		}
		b.root = root
		value := chart.Lookup(root, b.at)
		if b.source.IsValid(b.draw(value)) {
			return value, true
		}
	}
	return nil, false
}

// complete returns a value with one at a path below it: what is missing on the way is drawn.
func (b *breaker) complete(value any, schemas schema.Schemas, path []string) (any, bool) {
	below := b.at[len(path):]
	const tries = 8
	for range tries {
		if b.has(value, len(path)) {
			break
		}
		if drawn, ok := schemas.Draw(b.p, path, b.source.hint); ok {
			value = drawn.Value
		}
	}
	if !b.has(value, len(path)) {
		return nil, false
	}
	if len(below) == 0 {
		return value, true
	}
	described, verdict := schemas.Key(below[0])
	if verdict != schema.Described {
		return nil, false
	}
	part, ok := b.complete(chart.Lookup(value, below[:1]), described, b.at[:len(path)+1])
	if !ok {
		return nil, false
	}
	return replace(value, below[0], part)
}

// has reports whether a value may have the next step of the path: it is a map, or a list with items. Without a next
// step, any value will do.
func (b *breaker) has(value any, step int) bool {
	list, isList := value.([]any)
	_, isMap := value.(map[string]any)
	switch {
	case step == len(b.at):
		return value != nil
	case b.inList[step]:
		return isList && len(list) > 0
	}
	return isMap
}

// replace returns a copy of a map or list with another value under a key or index.
func replace(value any, key string, part any) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		copied := maps.Clone(v)
		copied[key] = part
		return copied, true
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i >= len(v) {
			return nil, false
		}
		copied := slices.Clone(v)
		copied[i] = part
		return copied, true
	}
	return nil, false
}

// put returns a copy of values with another one at a path.
func put(values any, path []string, value any) (any, bool) {
	if len(path) == 0 {
		return value, true
	}
	part, ok := put(chart.Lookup(values, path[:1]), path[1:], value)
	if !ok {
		return nil, false
	}
	return replace(values, path[0], part)
}

// draw returns the changes that the values need to have another one at the path; nil if they need none.
func (b *breaker) draw(value any) Draw {
	root, ok := put(b.root, b.at, value)
	if _, isMap := root.(map[string]any); !ok || !isMap { // the values of a chart are a map
		return nil
	}
	return changes(b.Scope.Values, root, b.Scope.Keys)
}

// changes returns the changes from one value to another. Helm removes a key that is set to null.
func changes(from, to any, path []string) Draw {
	was, wasMap := from.(map[string]any)
	is, isMap := to.(map[string]any)
	if !wasMap || !isMap {
		if schema.Equal(from, to) {
			return nil
		}
		return Draw{{Setting: chart.Setting{Path: path, Value: to}}}
	}
	var d Draw
	for _, key := range slices.Sorted(maps.Keys(is)) {
		at := append(slices.Clip(path), key)
		if _, has := was[key]; has {
			d = append(d, changes(was[key], is[key], at)...)
		} else {
			d = append(d, Change{Setting: chart.Setting{Path: at, Value: is[key]}})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if _, has := is[key]; !has {
			d = append(d, Change{Setting: chart.Setting{Path: append(slices.Clip(path), key)}})
		}
	}
	return d
}
