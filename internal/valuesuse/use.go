package valuesuse

import (
	"slices"

	"github.com/traderadmin/charts/internal/chart"
)

// Use says how templates use a value.
type Use struct {
	// Whole reports that all parts of the value are read at once, as toYaml does.
	Whole bool
	// Fields are the uses of its parts under the keys that templates name.
	Fields map[string]*Use
	// Items is the use of each item of a list, or of each value of a map, that a template ranges over; nil if none does.
	Items *Use
}

// IsComplete reports whether it is known what the templates of a chart read: all of them parse, and they are not too
// involved to follow.
func IsComplete(c *chart.Chart) bool { return !analyze(c).incomplete }

// UseOf returns how the templates of a chart and of its subcharts use the value under some keys. It returns nil if they
// do not read it, or read it only as a part of a map that they read as a whole.
func UseOf(c *chart.Chart, keys []string) *Use {
	paths := []*path{analyze(c).values}
	for _, key := range keys {
		paths = match(paths, key)
	}
	return useOf(paths, 0)
}

func useOf(paths []*path, depth int) *Use {
	const deepest = 5
	use := &Use{Fields: map[string]*Use{}}
	below := map[string][]*path{}
	isRead := false
	for _, p := range paths {
		isRead = isRead || p.live
		use.Whole = use.Whole || p.deep
		for key, child := range p.children {
			below[key] = append(below[key], child)
		}
	}
	if !isRead {
		return nil
	}
	if depth == deepest {
		return use
	}
	use.Items = useOf(below[anyKey], depth+1)
	delete(below, anyKey)
	for key, children := range below {
		if field := useOf(children, depth+1); field != nil {
			use.Fields[key] = field
		}
	}
	return use
}

// ReadBy reports whether a template, or one that it includes, reads the value under some keys, or a part of it. The
// template has Helm's name, such as shop/templates/web.yaml.
func ReadBy(c *chart.Chart, template string, keys []string) bool {
	in := analyze(c)
	for p := range in.reads[template] {
		if overlap(p, keys) {
			return true
		}
	}
	return false
}

// Readers returns the templates that may render differently if the values under some paths change, by Helm's name, such
// as shop/templates/web.yaml. It reports false if any may.
func Readers(c *chart.Chart, paths [][]string) (map[string]bool, bool) {
	in := analyze(c)
	if in.incomplete || switches(c.Source().Dependencies, paths) {
		return nil, false
	}
	readers := map[string]bool{}
	for template, reads := range in.reads {
		for p := range reads {
			if slices.ContainsFunc(paths, func(keys []string) bool { return overlap(p, keys) }) {
				readers[template] = true
				break
			}
		}
	}
	return readers, true
}

// switches reports whether one of the paths enables a dependency, or whether dependencies change values of the chart.
func switches(dependencies []chart.Dependency, paths [][]string) bool {
	return slices.ContainsFunc(dependencies, func(d chart.Dependency) bool {
		return len(d.Imports) > 0 || slices.ContainsFunc(paths, func(keys []string) bool {
			isCondition := func(condition []string) bool { return slices.Equal(condition, keys) }
			return keys[0] == "tags" || slices.ContainsFunc(d.Conditions, isCondition)
		}) || d.Source != nil && switches(d.Source.Dependencies, paths)
	})
}

// overlap reports whether a path leads to the value under some keys, to a part of it, or to a map around it that is
// read as a whole.
func overlap(p *path, keys []string) bool {
	at := p.keys()
	for i := range min(len(at), len(keys)) {
		if at[i] != anyKey && at[i] != keys[i] {
			return false
		}
	}
	return len(at) >= len(keys) || p.deep
}
