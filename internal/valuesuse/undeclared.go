package valuesuse

import (
	"cmp"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// UndeclaredRead is a key that a template reads and that the chart does not declare.
type UndeclaredRead struct {
	// Key is the path of the key, as people write it.
	Key string
	// Position is the first template line that reads the key.
	Position chart.Position
	// Nearest is the declared key with the most similar spelling; empty if none is similar.
	Nearest string
	// NearestUnused reports that no template reads Nearest.
	NearestUnused bool
	// Refused reports that the schema refuses the key: it cannot be set.
	Refused bool
	// Optional reports that a template tests whether the key is set.
	Optional bool
}

// Undeclared returns the keys that the chart's own templates read and that neither its values files nor its schema
// declare, in the order of the templates. A comment in values.yaml that shows a key declares it. A map that is empty
// there declares all of its keys. Globals, and the values of subcharts, are not reported. The result is empty if the
// analysis is incomplete, and for library charts.
func Undeclared(c *chart.Chart) []UndeclaredRead {
	type key struct{}
	return chart.Once(c, key{}, func() []UndeclaredRead { return undeclared(c) })
}

func undeclared(c *chart.Chart) []UndeclaredRead {
	in := analyze(c)
	if in.incomplete || c.IsLibrary() {
		return nil
	}
	d := declare(c, in)
	first := map[string]UndeclaredRead{}
	for access, paths := range in.accesses {
		at := access.file.position
		at.Line = access.file.line(access.pos)
		for _, found := range d.undeclared(paths) {
			known, isKnown := first[found.Key]
			found.Optional = found.Optional || known.Optional
			if found.Position = at; isKnown && comparePositions(known.Position, at) <= 0 {
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

func comparePositions(a, b chart.Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// undeclared returns the undeclared paths that one access may resolve to. It returns none if one of the paths is
// declared: a template that several others include may test for a key that only some of them pass.
func (d *declarations) undeclared(paths map[*path]bool) []UndeclaredRead {
	var found []UndeclaredRead
	for p := range paths {
		missing, refused := d.missing(p)
		if missing == nil {
			return nil
		}
		u := UndeclaredRead{Key: schema.FormatPath(missing), Refused: refused}
		for at := p; at.depth >= len(missing); at = at.parent {
			u.Optional = u.Optional || at.tested
		}
		u.Nearest, u.NearestUnused = d.nearest(missing)
		found = append(found, u)
	}
	return found
}
