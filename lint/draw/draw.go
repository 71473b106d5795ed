// Package draw draws values of a chart from its values.schema.json, and those of its subcharts.
//
// A draw changes some of the values that a rendering has, between one and many keys, so that the keys that a schema
// demands besides are there. A value that the schema restricts is often a bound of what it allows. A text that the
// schema does not restrict is one that fits where templates print it, as in package probe: no chart accepts any text as
// a port. A draw has one such text at most, because two of them may collide.
//
// The library gopter draws and shrinks. Everything is repeatable with the same randomness.
package draw

import (
	"slices"
	"strings"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/probe"
)

// Change is a value of a draw.
type Change struct {
	chart.Setting
	// MadeUp reports that the value has a text, or a map or list as a whole, that the schema does not restrict.
	MadeUp bool
	// Guessed reports that it is not even known whether such a text fits its use.
	Guessed bool
	// Position is the place in the schema that describes the value.
	Position chart.Position
}

// Draw is some changes of values, in the order of their paths.
type Draw []Change

// Settings returns the values.
func (d Draw) Settings() []chart.Setting {
	settings := make([]chart.Setting, len(d))
	for i, c := range d {
		settings[i] = c.Setting
	}
	return settings
}

// Flags returns the values as flags of helm install.
func (d Draw) Flags() string {
	flags := make([]string, len(d))
	for i, c := range d {
		flags[i] = probe.Setting{Setting: c.Setting}.Flag()
	}
	return strings.Join(flags, " ")
}

// Source draws values for a chart.
type Source struct {
	base  *chart.Rendered
	sites []*site
	hints map[string][]any // by path
	order []int            // of the sites that a draw changes at least, one after another
	drawn int
}

// site is a value that a draw may change.
type site struct {
	path    []string
	schemas schema.Schemas
	at      chart.Position
	gate    bool // the value switches a part of the chart, and is off
}

// NewSource returns a source of draws that change the values of a rendering. It calls render to render the chart with
// other values. The source has no draws if no schema says anything.
func NewSource(base *chart.Rendered, render func([]probe.Setting) *chart.Rendered) *Source {
	s := &Source{base: base, hints: map[string][]any{}}
	for _, described := range valuesschema.Documents(base) {
		v := visitor{source: s, Described: described}
		v.visit(described.Scope.Values, described.Document.Root(), described.Scope.Keys)
	}
	if len(s.sites) > 0 {
		s.addHints(render)
	}
	return s
}

// visitor finds the sites that one schema describes.
type visitor struct {
	valuesschema.Described
	source *Source
}

func (v visitor) visit(value any, schemas schema.Schemas, path []string) {
	below, isMap := value.(map[string]any)
	names := propertyNames(schemas, below)
	if isMap && (len(below) > 0 || len(path) == len(v.Scope.Keys)) && len(names) > 0 {
		for _, name := range names {
			isGlobal := len(path) == len(v.Scope.Keys) && name == chart.GlobalKey
			if described, verdict := schemas.Key(name); verdict == schema.Described && !isGlobal {
				v.visit(below[name], described, append(slices.Clip(path), name))
			}
		}
		return
	}
	if len(path) == len(v.Scope.Keys) {
		return
	}
	on, isBool := value.(bool)
	last := path[len(path)-1]
	v.source.sites = append(v.source.sites, &site{
		path: path, schemas: schemas, at: v.File.At(v.Document.KeyOf(schemas)),
		gate: isBool && !on && slices.Contains([]string{"enabled", "enable", "create", "install"}, last),
	})
}

// propertyNames returns the keys that schemas name, and those that a map has.
func propertyNames(schemas schema.Schemas, value map[string]any) []string {
	var names []string
	for name := range schemas.Properties() {
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil
	}
	for name := range value {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// addHints finds samples for the values that a schema does not restrict.
func (s *Source) addHints(render func([]probe.Setting) *chart.Rendered) {
	settings, _ := probe.Settings(s.base, render)
	for _, setting := range settings {
		if setting.MadeUp() {
			s.hints[strings.Join(setting.Path, "\x00")] = []any{setting.Value}
		}
	}
	var paths [][]string
	for _, site := range s.sites {
		if text, isText := chart.Lookup(s.base.Values(), site.path).(string); isText && text != "" {
			paths = append(paths, site.path)
		}
	}
	for i, texts := range probe.Texts(paths, render) {
		for _, text := range texts {
			key := strings.Join(paths[i], "\x00")
			s.hints[key] = append(s.hints[key], text)
		}
	}
}

// hint returns the samples of a type for a value.
func (s *Source) hint(path []string, typ string) []any {
	var found []any
	for _, sample := range s.hints[strings.Join(path, "\x00")] {
		fits := false
		switch sample.(type) {
		case string:
			fits = typ == "string"
		case []any:
			fits = typ == "array"
		case map[string]any:
			fits = typ == "object"
		}
		if fits {
			found = append(found, sample)
		}
	}
	return found
}

// Gen returns the generator of draws. Some of what it generates has no value: what the schemas refuse as a whole.
func (s *Source) Gen() gopter.Gen {
	return func(p *gopter.GenParameters) *gopter.GenResult {
		result := gopter.NewEmptyResult(drawType)
		if d := s.draw(p); len(d) > 0 {
			result = gopter.NewGenResult(d, shrinkDraw)
		}
		return result
	}
}

// Size returns the number of values that draws may change.
func (s *Source) Size() int { return len(s.sites) }

// draw draws one change at least of a site that had none for the longest time, and some of others.
func (s *Source) draw(p *gopter.GenParameters) Draw {
	const tries = 5
	for range tries {
		if d := s.accepted(s.changes(p)); len(d) > 0 {
			return d
		}
	}
	return nil
}

func (s *Source) changes(p *gopter.GenParameters) Draw {
	if s.drawn%len(s.sites) == 0 {
		s.order = p.Rng.Perm(len(s.sites))
	}
	chosen := []*site{s.sites[s.order[s.drawn%len(s.sites)]]}
	s.drawn++
	for range howMany(p) - 1 {
		chosen = append(chosen, s.another(chosen[0], p))
	}
	var d Draw
	madeUp := false
	for i, site := range chosen {
		if slices.Contains(chosen[:i], site) {
			continue
		}
		drawn, ok := site.schemas.Draw(p, site.path, s.hint)
		_, isText := drawn.Value.(string)
		isMadeUp := drawn.Hinted || drawn.Guessed
		if !ok || isText && drawn.Guessed || isMadeUp && madeUp ||
			schema.Equal(drawn.Value, chart.Lookup(s.base.Values(), site.path)) {
			continue
		}
		madeUp = madeUp || isMadeUp
		d = append(d, Change{
			Setting: chart.Setting{Path: site.path, Value: asHelmReads(drawn.Value)}, MadeUp: isMadeUp, Guessed: drawn.Guessed,
			Position: site.at,
		})
	}
	return s.withGates(d, p)
}

// another draws a site to change with one, rather one of the same part of the chart: its values depend on each other.
func (s *Source) another(first *site, p *gopter.GenParameters) *site {
	candidates := s.sites
	if section := first.path[:len(first.path)-1]; len(section) > 0 && p.Rng.Intn(3) > 0 {
		candidates = slices.DeleteFunc(slices.Clone(candidates), func(other *site) bool {
			return len(other.path) < len(section) || !slices.Equal(other.path[:len(section)], section)
		})
	}
	return candidates[p.Rng.Intn(len(candidates))]
}

// howMany draws the number of values to change.
func howMany(p *gopter.GenParameters) int {
	const few, many = 4, 20
	switch n := p.Rng.Intn(10); {
	case n < 4:
		return 1
	case n < 7:
		return 2
	case n < 9:
		return 2 + p.Rng.Intn(few)
	}
	return few + p.Rng.Intn(many)
}

// withGates switches on most of the parts of the chart that the changes belong to.
func (s *Source) withGates(d Draw, p *gopter.GenParameters) Draw {
	for _, gate := range s.sites {
		section := gate.path[:len(gate.path)-1]
		belongs := func(c Change) bool {
			return len(section) > 0 && len(c.Path) >= len(section) && slices.Equal(c.Path[:len(section)], section)
		}
		isSet := func(c Change) bool { return slices.Equal(c.Path, gate.path) }
		if gate.gate && slices.ContainsFunc(d, belongs) && !slices.ContainsFunc(d, isSet) && p.Rng.Intn(5) > 0 {
			d = append(d, Change{Setting: chart.Setting{Path: gate.path, Value: true}, Position: gate.at})
		}
	}
	slices.SortStableFunc(d, func(a, b Change) int { return slices.Compare(a.Path, b.Path) })
	return slices.CompactFunc(d, func(a, b Change) bool { return slices.Equal(a.Path, b.Path) })
}

// accepted returns the changes that the schemas accept together.
func (s *Source) accepted(d Draw) Draw {
	for len(d) > 0 {
		violations := valuesschema.Validate(s.base, s.base.ValuesWith(d.Settings()))
		if len(violations) == 0 {
			return d
		}
		blamed := func(c Change) bool {
			return slices.ContainsFunc(violations, func(v schema.Violation) bool {
				n := min(len(v.Path), len(c.Path))
				return slices.Equal(v.Path[:n], c.Path[:n])
			})
		}
		rest := slices.DeleteFunc(slices.Clone(d), blamed)
		if len(rest) == len(d) {
			return nil
		}
		d = rest
	}
	return nil
}

// IsValid reports whether the schemas accept a draw.
func (s *Source) IsValid(d Draw) bool {
	return len(valuesschema.Validate(s.base, s.base.ValuesWith(d.Settings()))) == 0
}

// shrinkDraw returns smaller draws: with fewer changes, or with a smaller value of one.
func shrinkDraw(v any) gopter.Shrink { return gen.SliceShrinker(shrinkChange)(v) }

func shrinkChange(v any) gopter.Shrink {
	change := v.(Change)
	if change.MadeUp && !change.Guessed { // a part of a sample fits no use
		return gopter.NoShrink
	}
	return shrinkValue(change.Value).Map(func(smaller any) Change {
		shrunk := change
		shrunk.Value = smaller
		return shrunk
	})
}
