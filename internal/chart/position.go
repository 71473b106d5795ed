package chart

import "strconv"

// Position is a place in a chart as its user would open it: the path that they named the chart by, joined with the file's
// path in the chart. A zero Line or Column is unknown; both count from 1. Nothing here ever guesses one.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String is the place in the form that terminals and editors open: file, file:line or file:line:column.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// ValuesKey is a key of a chart's values.
type ValuesKey struct {
	Position Position `json:"position"`
	// Key is the path of the key from the root of the values, as people write it: resources.app.limits.memory.
	Key string `json:"key"`
}
