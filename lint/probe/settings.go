package probe

import (
	"maps"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/internal/valuesuse"
)

// Settings returns the values to try on top of those of a rendering, in the order of their paths. It calls render to
// render the chart with other values. The values of subcharts are those charts' own concern, except for the conditions
// that enable the subcharts.
//
// The companions are texts for empty values whose use stays unknown. They are not worth a try of their own.
func Settings(base *chart.Rendered, render func([]Setting) *chart.Rendered) (settings, companions []Setting) {
	f := finder{base: base, chart: base.Chart()}
	if document := valuesschema.Document(f.chart); document != nil {
		f.visit(base.Values(), nil, document.Root())
	} else {
		f.visit(base.Values(), nil, schema.Schemas{})
	}
	f.addConditions()
	f.fill(render)
	slices.SortStableFunc(f.found, func(a, b Setting) int { return slices.Compare(a.Path, b.Path) })
	return f.found, f.companions
}

// finder finds the settings of a chart.
type finder struct {
	base       *chart.Rendered
	chart      *chart.Chart
	found      []Setting
	companions []Setting
	empty      []emptyValue
}

// emptyValue is a value that may be filled.
type emptyValue struct {
	path  []string
	value any
	use   *valuesuse.Use
}

func (f *finder) visit(v any, path []string, schemas schema.Schemas) {
	if len(path) == 1 && path[0] != chart.GlobalKey && f.chart.IsSharedKey(path[0]) {
		return
	}
	if len(path) > 0 {
		f.addMembers(v, path, schemas)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			below, _ := schemas.Key(key)
			f.visit(v[key], append(slices.Clip(path), key), below)
		}
		if len(v) > 0 || len(path) == 0 {
			return
		}
	case bool:
		f.flip(v, path)
		return
	case []any:
		if len(v) > 0 {
			return
		}
	case string:
		if v != "" {
			return
		}
	case nil:
	default:
		return
	}
	if use := valuesuse.UseOf(f.chart, path); use != nil {
		f.empty = append(f.empty, emptyValue{path: path, value: v, use: use})
	}
}

func (f *finder) flip(v bool, path []string) {
	if valuesuse.UseOf(f.chart, path) == nil {
		return
	}
	kind := On
	if v {
		kind = Off
	}
	f.add(path, !v, kind)
}

func (f *finder) add(path []string, value any, kind Kind) {
	f.found = append(f.found, Setting{Setting: chart.Setting{Path: path, Value: value}, Kind: kind})
}

// addMembers adds the other members of the enum that a schema has for a value.
func (f *finder) addMembers(v any, path []string, schemas schema.Schemas) {
	if _, isBool := v.(bool); isBool || valuesuse.UseOf(f.chart, path) == nil {
		return
	}
	for _, member := range schemas.Enum() {
		switch member.(type) {
		case string, int, float64:
			if !schema.Equal(member, v) && member != "" {
				f.add(path, member, Member)
			}
		}
	}
}

// addConditions adds the conditions that enable subcharts.
func (f *finder) addConditions() {
	for _, d := range f.chart.Source().Dependencies {
		if d.Source == nil {
			continue
		}
		for _, condition := range d.Conditions {
			if v, isBool := chart.Lookup(f.base.Values(), condition).(bool); isBool && !v {
				f.add(condition, true, On)
			}
		}
	}
}

// fill adds samples for the empty values.
func (f *finder) fill(render func([]Setting) *chart.Rendered) {
	if len(f.empty) == 0 {
		return
	}
	var on []Setting
	for _, s := range f.found {
		if s.Kind == On {
			on = append(on, s)
		}
	}
	m := &markers{}
	forms := make([]*form, len(f.empty))
	marked := make([]Setting, len(f.empty))
	for i, e := range f.empty {
		forms[i] = m.form(e.value, e.use)
		marked[i] = Setting{Setting: chart.Setting{Path: e.path, Value: forms[i].marked()}, Kind: Filled}
	}
	m.find(render(slices.Concat(on, marked)))
	if !m.foundAll() && len(on) > 0 { // a switch may hide what another one shows, or fail
		m.find(render(marked))
	}
	for i, e := range f.empty {
		sample := forms[i].sample(m)
		if sample == nil && (!m.sees(forms[i]) || !forms[i].isScalar()) {
			sample = sampleByName(e.path[len(e.path)-1], e.value, e.use)
		}
		if _, isText := sample.(string); isText && slices.Contains([]string{"tag", "version"}, e.path[len(e.path)-1]) {
			sample = sampleTag
		}
		if sample == nil {
			if forms[i].isScalar() {
				text := Setting{Setting: chart.Setting{Path: e.path, Value: Name}, Kind: Text}
				f.companions = append(f.companions, text)
			}
			continue
		}
		kind := Filled
		if _, isText := sample.(string); isText {
			kind = Text
		}
		f.add(e.path, sample, kind)
	}
}
