package valuesuse

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// value is an abstract value: a set of values that an expression may have, as a union of its fields. nil is a value
// that holds none of the chart's values; constants that are not strings or numbers are nil too.
type value struct {
	paths   []*path           // values of the chart
	fields  map[string]*value // a dict with these keys
	rest    *value            // what a dict has under unknown keys, or any item of a list
	texts   []string          // constants
	foreign bool              // or a value that holds none of the chart's values

	isLiteral bool     // the only constant is written where it is used
	isContext bool     // the dot that Helm gives to the templates of a chart
	isCopy    bool     // a map that the template allocated: a write to it does not reach the chart's values
	operands  []*value // of a join: a write to it reaches them
	writes    int
}

func constant(text string) *value { return &value{texts: []string{text}} }

func (in *interpreter) listOf(items ...*value) *value { return &value{rest: in.join(items...)} }

// join returns the union of values. A single value is returned itself, so that writes to the result reach it. The size
// of a union counts as work, because a template can let it grow with each step.
func (in *interpreter) join(values ...*value) *value {
	var operands []*value
	foreign := false
	for _, v := range values {
		if v == nil {
			foreign = true
		} else if !slices.Contains(operands, v) {
			operands = append(operands, v)
		}
	}
	if len(operands) == 0 {
		return nil
	}
	if len(operands) == 1 && (!foreign || operands[0].foreign) {
		return operands[0]
	}
	if running := in.runningJoin(operands, foreign); running != nil {
		return running
	}
	if in.steps++; in.steps > maxSteps {
		return operands[0]
	}
	joined := &value{foreign: foreign, operands: operands, isCopy: true}
	in.joins = append(in.joins, &runningJoin{value: joined, foreign: foreign})
	for _, v := range operands {
		in.joinInto(joined, v)
	}
	in.joins = in.joins[:len(in.joins)-1]
	in.steps += len(joined.paths) + len(joined.texts) + len(joined.fields)
	return joined
}

// runningJoin is a join that is being computed.
type runningJoin struct {
	value   *value
	foreign bool            // whether one of its operands is nil
	leaves  map[*value]bool // of its operands; nil until they are needed
}

// runningJoin returns the join of the same values that is being computed, or nil. Values that contain themselves are
// joined within their own join.
func (in *interpreter) runningJoin(operands []*value, foreign bool) *value {
	if len(in.joins) == 0 {
		return nil
	}
	leaves := leavesOf(operands)
	for _, j := range in.joins {
		if j.leaves == nil {
			j.leaves = leavesOf(j.value.operands)
		}
		if j.foreign == foreign && maps.Equal(j.leaves, leaves) {
			return j.value
		}
	}
	return nil
}

// leavesOf returns the values of which some values are joins.
func leavesOf(values []*value) map[*value]bool {
	leaves, seen := map[*value]bool{}, map[*value]bool{}
	var visit func(v *value)
	visit = func(v *value) {
		if seen[v] {
			return
		}
		seen[v] = true
		if len(v.operands) == 0 {
			leaves[v] = true
		}
		for _, operand := range v.operands {
			visit(operand)
		}
	}
	for _, v := range values {
		visit(v)
	}
	return leaves
}

// joinInto widens v by another value. It reports whether v changed.
func (in *interpreter) joinInto(v, other *value) bool {
	changed := false
	for _, p := range other.paths {
		if !slices.Contains(v.paths, p) {
			v.paths = append(v.paths, p)
			changed = true
		}
	}
	for _, t := range other.texts {
		if !slices.Contains(v.texts, t) {
			v.texts = append(v.texts, t)
			changed = true
		}
	}
	for key, field := range other.fields {
		changed = in.joinField(v, key, field) || changed
	}
	if other.rest != nil && other.rest != v.rest {
		v.rest = in.joinSet(v.rest, other.rest)
		changed = true
	}
	v.foreign = v.foreign || other.foreign
	v.isCopy = v.isCopy && (other.isCopy || len(other.paths) == 0)
	return changed
}

// joinField widens a field of v. It reports whether the field changed.
func (in *interpreter) joinField(v *value, key string, field *value) bool {
	old, isSet := v.fields[key]
	if isSet && (old == field || old.includes(field)) {
		return false
	}
	if v.fields == nil {
		v.fields = map[string]*value{}
	}
	if isSet {
		field = in.joinSet(old, field)
	}
	v.fields[key] = field
	return true
}

// joinSet joins v into old, which is nil if it is not set.
func (in *interpreter) joinSet(old, v *value) *value {
	if old == nil {
		return v
	}
	return in.join(old, v)
}

// includes reports whether v is a join of another value.
func (v *value) includes(other *value) bool {
	if v == nil {
		return other == nil
	}
	return other == nil && v.foreign || slices.Contains(v.operands, other)
}

// constants returns the texts that v may be; false if it may be anything else.
func (v *value) constants() ([]string, bool) {
	if v == nil || v.foreign || len(v.paths) > 0 || v.fields != nil || v.rest != nil {
		return nil, false
	}
	return v.texts, true
}

// onlyPath returns the path of v, or nil if v may be anything else.
func (v *value) onlyPath() *path {
	if v == nil || len(v.paths) != 1 || v.foreign || v.fields != nil || v.rest != nil || len(v.texts) > 0 {
		return nil
	}
	return v.paths[0]
}

// clone returns a copy of v that a write does not share with v.
func (v *value) clone() *value {
	if v == nil {
		return nil
	}
	return &value{
		paths:   slices.Clone(v.paths),
		fields:  maps.Clone(v.fields),
		rest:    v.rest,
		texts:   v.texts,
		foreign: v.foreign,
		isCopy:  true,
	}
}

// describe writes a description of v, which is the same for equal values. It reports false for a value that is too deep
// or too large.
func (v *value) describe(b *strings.Builder, depth int) bool {
	const deep, long = 6, 1 << 10
	if v == nil {
		b.WriteByte('-')
		return true
	}
	if depth > deep || b.Len() > long {
		return false
	}
	b.WriteByte('(')
	if v.isContext {
		b.WriteByte('R')
		b.WriteString(strconv.Itoa(v.fields["Values"].paths[0].id))
		b.WriteByte('+')
		b.WriteString(strconv.Itoa(v.writes))
		b.WriteByte(')')
		return true
	}
	if v.foreign {
		b.WriteByte('o')
	}
	for _, p := range v.paths {
		b.WriteByte('p')
		b.WriteString(strconv.Itoa(p.id))
	}
	for _, t := range v.texts {
		b.WriteString(strconv.Quote(t))
	}
	for _, key := range sortedKeys(v.fields) {
		b.WriteString(strconv.Quote(key))
		b.WriteByte(':')
		if !v.fields[key].describe(b, depth+1) {
			return false
		}
	}
	if v.rest != nil {
		b.WriteByte('*')
		if !v.rest.describe(b, depth+1) {
			return false
		}
	}
	b.WriteByte(')')
	return true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
