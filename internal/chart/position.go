package chart

import "strconv"

// Position is a position in a file of a chart. File is the path that the chart was loaded from, joined with the path of
// the file in the chart. Line and Column count from 1. They are 0 if they are not known for certain.
type Position struct {
	File         string
	Line, Column int
}

// String returns file, file:line or file:line:column, which terminals and editors open.
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
	Position Position
	// Key is the path of the key from the root of the values, such as resources.app.limits.memory.
	Key string
}
