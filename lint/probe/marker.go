package probe

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
)

// markers are the markers of a chart, and where they were rendered.
type markers struct {
	count  int
	places map[int][]place
}

// place is where a marker was rendered.
type place struct {
	kind  string   // of the object
	path  []string // of the field that has the marker, or of the map that has it as a key; item stands for an index
	isKey bool
	text  string // all of the text that the marker is in

	before, after string // the parts of the text around the marker
}

// item is the step from a list to one of its items.
const item = "[]"

var marker = regexp.MustCompile(`probe(\d+)q`)

func (m *markers) next() int {
	m.count++
	return m.count
}

func markerText(number int) string { return fmt.Sprintf("probe%dq", number) }

// form is the form of a sample: a scalar, a map with the fields that templates read, a map with any key, or a list.
// Where a template prints the value as a whole, the form is a marker, which a sample of the field replaces.
type form struct {
	number int // of the marker; of the key if the form is a map with any key
	keyed  bool
	list   bool
	fields map[string]*form
	below  *form // of the items of a list, or of the value under any key
}

// form returns the form of a value from how templates use it. current is the value now, which is empty.
func (m *markers) form(current any, use *valuesuse.Use) *form {
	switch current.(type) {
	case map[string]any:
		switch {
		case use.Items != nil:
			return &form{keyed: true, number: m.next(), below: m.itemForm(use.Items)}
		case len(use.Fields) > 0:
			return m.fields(use)
		}
		return &form{keyed: true, number: m.next(), below: &form{number: m.next()}}
	case []any:
		if use.Items != nil {
			return &form{list: true, below: m.itemForm(use.Items)}
		}
		return &form{list: true, below: &form{number: m.next()}}
	case nil:
		if len(use.Fields) > 0 {
			return m.fields(use)
		}
	}
	return &form{number: m.next()}
}

func (m *markers) itemForm(use *valuesuse.Use) *form {
	switch {
	case len(use.Fields) > 0:
		return m.fields(use)
	case use.Items != nil:
		return &form{list: true, below: m.itemForm(use.Items)}
	}
	return &form{number: m.next()}
}

func (m *markers) fields(use *valuesuse.Use) *form {
	f := &form{fields: map[string]*form{}}
	for _, key := range slices.Sorted(maps.Keys(use.Fields)) {
		f.fields[key] = m.itemForm(use.Fields[key])
	}
	return f
}

func (f *form) isScalar() bool { return !f.keyed && !f.list && f.fields == nil }

// marked returns a value of the form that consists of markers.
func (f *form) marked() any {
	switch {
	case f.keyed:
		return map[string]any{markerText(f.number): f.below.marked()}
	case f.list:
		return []any{f.below.marked()}
	case f.fields != nil:
		entries := map[string]any{}
		for key, field := range f.fields {
			entries[key] = field.marked()
		}
		return entries
	}
	return markerText(f.number)
}

// find records where a rendering has the markers.
func (m *markers) find(r *chart.Rendered) {
	if m.places == nil {
		m.places = map[int][]place{}
	}
	for _, o := range r.Objects {
		m.search(o.Node, place{kind: o.Kind})
	}
}

func (m *markers) search(n chart.Node, at place) {
	const deepest = 40 // a map may contain itself
	if len(at.path) > deepest {
		return
	}
	if text, isScalar := n.Scalar(); isScalar {
		m.record(text, at)
		return
	}
	below := func(step string) place {
		next := at
		next.path = append(slices.Clone(at.path), step)
		return next
	}
	for key, value := range n.Entries() {
		in := at
		in.isKey = true
		m.record(key, in)
		m.search(value, below(key))
	}
	for value := range n.Items() {
		m.search(value, below(item))
	}
}

func (m *markers) record(text string, at place) {
	at.text = text
	for _, found := range marker.FindAllStringSubmatchIndex(text, -1) {
		number, _ := strconv.Atoi(text[found[2]:found[3]]) // digits
		at.before, at.after = text[:found[0]], text[found[1]:]
		m.places[number] = append(m.places[number], at)
	}
}

func (m *markers) foundAll() bool {
	for number := 1; number <= m.count; number++ {
		if len(m.places[number]) == 0 {
			return false
		}
	}
	return true
}

// sees reports whether a marker of a form was rendered anywhere.
func (m *markers) sees(f *form) bool {
	if f == nil {
		return false
	}
	if len(m.places[f.number]) > 0 || m.sees(f.below) {
		return true
	}
	for _, field := range f.fields {
		if m.sees(field) {
			return true
		}
	}
	return false
}
