package chart

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// datum is what is known of what an expression yields; nil is something that holds no values of the chart. What is known is a
// union: it may be any one of its parts.
type datum struct {
	places []*place          // values of the chart
	fields map[string]*datum // of a dict that the template made
	rest   *datum            // under keys that are not known; the items of a list
	texts  []string          // constants
	said   bool              // the one constant is written where it is used
	other  bool              // or something that holds no values
	root   bool              // it is the dot that Helm gives to the templates of a chart
	made   bool              // it is a map of its own, which changes to the values do not reach
	of     []*datum          // the data that it was united from, which a change to it changes
	edits  int               // changes that were made to it
}

func text(s string) *datum { return &datum{texts: []string{s}} }

func (r *reader) listOf(items ...*datum) *datum { return &datum{rest: r.union(items...)} }

// union is what is one of several. What is alone stays itself, so that a change to it is seen. Its size counts as work: a template
// can let it grow with each step.
func (r *reader) union(data ...*datum) *datum {
	var parts []*datum
	other := false
	for _, d := range data {
		if d == nil {
			other = true
		} else if !slices.Contains(parts, d) {
			parts = append(parts, d)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	if len(parts) == 1 && (!other || parts[0].other) {
		return parts[0]
	}
	u := &datum{other: other, of: parts, made: true}
	for _, d := range parts {
		r.add(u, d)
	}
	r.steps += len(u.places) + len(u.texts) + len(u.fields)
	return u
}

// add makes a datum one that may also be another; it says whether that is news.
func (r *reader) add(d, more *datum) bool {
	news := false
	for _, p := range more.places {
		if !slices.Contains(d.places, p) {
			d.places = append(d.places, p)
			news = true
		}
	}
	for _, t := range more.texts {
		if !slices.Contains(d.texts, t) {
			d.texts = append(d.texts, t)
			news = true
		}
	}
	for key, field := range more.fields {
		news = r.putField(d, key, field) || news
	}
	if more.rest != nil && more.rest != d.rest {
		d.rest = r.unionWith(d.rest, more.rest)
		news = true
	}
	d.other = d.other || more.other
	d.made = d.made && (more.made || len(more.places) == 0)
	return news
}

// putField makes a field one that may also be v; it says whether that is news.
func (r *reader) putField(d *datum, key string, v *datum) bool {
	old, known := d.fields[key]
	if known && (old == v || old.within(v)) {
		return false
	}
	if d.fields == nil {
		d.fields = map[string]*datum{}
	}
	if known {
		v = r.unionWith(old, v)
	}
	d.fields[key] = v
	return true
}

// within says whether a datum was united from v already.
func (d *datum) within(v *datum) bool {
	if d == nil {
		return v == nil
	}
	return v == nil && d.other || slices.Contains(d.of, v)
}

// unionWith is union, for two that may be nil because nothing is known to be there.
func (r *reader) unionWith(a, b *datum) *datum {
	if a == nil {
		return b
	}
	return r.union(a, b)
}

// constants are the texts that the datum is one of; false if it may be something else.
func (d *datum) constants() ([]string, bool) {
	if d == nil || d.other || len(d.places) > 0 || d.fields != nil || d.rest != nil {
		return nil, false
	}
	return d.texts, true
}

// single is the place that the datum is, or nil if it may be another or something else.
func (d *datum) single() *place {
	if d == nil || len(d.places) != 1 || d.other || d.fields != nil || d.rest != nil || len(d.texts) > 0 {
		return nil
	}
	return d.places[0]
}

// copied is a datum that can be changed without changing d.
func (d *datum) copied() *datum {
	if d == nil {
		return nil
	}
	return &datum{
		places: slices.Clone(d.places),
		fields: maps.Clone(d.fields),
		rest:   d.rest,
		texts:  d.texts,
		other:  d.other,
		made:   true,
	}
}

// signature describes a datum: two that read alike are alike. It is false for one that is too deep or too large to describe.
func (d *datum) signature(b *strings.Builder, depth int) bool {
	const deep, long = 6, 1 << 10
	if d == nil {
		b.WriteByte('-')
		return true
	}
	if depth > deep || b.Len() > long {
		return false
	}
	b.WriteByte('(')
	if d.root {
		b.WriteByte('R')
		b.WriteString(strconv.Itoa(d.fields["Values"].places[0].id))
		b.WriteByte('+')
		b.WriteString(strconv.Itoa(d.edits))
		b.WriteByte(')')
		return true
	}
	if d.other {
		b.WriteByte('o')
	}
	for _, p := range d.places {
		b.WriteByte('p')
		b.WriteString(strconv.Itoa(p.id))
	}
	for _, t := range d.texts {
		b.WriteString(strconv.Quote(t))
	}
	for _, key := range sortedKeys(d.fields) {
		b.WriteString(strconv.Quote(key))
		b.WriteByte(':')
		if !d.fields[key].signature(b, depth+1) {
			return false
		}
	}
	if d.rest != nil {
		b.WriteByte('*')
		if !d.rest.signature(b, depth+1) {
			return false
		}
	}
	b.WriteByte(')')
	return true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
