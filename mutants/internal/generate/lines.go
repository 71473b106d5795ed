package generate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// line is a line of a template.
type line struct {
	start, end int // with the line end
	text       string
	indent     int
	control    bool // it has actions that print nothing, such as if and end
	comment    bool // it is in a comment, or empty
}

// keyLine matches a line of YAML with a key or a list element: the dash, the key and the value.
var keyLine = regexp.MustCompile(`^\s*(- +)?(?:([\w./"'{}$ |-]+?):(?: +(.*?))?|(.*?))\s*$`)

// lines changes the lines that a template prints: it removes each, with what is nested in it, moves the last ones of a
// block out of it, and changes the constants in them.
func (t *template) lines() {
	all := t.split()
	for i, l := range all {
		if l.control || l.comment {
			continue
		}
		if t.isText {
			t.add("removed-line", l.start, l.end, "")
			continue
		}
		t.line(all, i)
	}
}

// maxBlock is the number of lines of the longest block that is removed. Nobody overlooks that a longer one is gone.
const maxBlock = 12

func (t *template) line(all []line, i int) {
	l := all[i]
	end := t.blockEnd(all, i)
	trimmed := strings.TrimSpace(l.text)
	if strings.HasPrefix(trimmed, "apiVersion:") || strings.HasPrefix(trimmed, "kind:") {
		return // the linter and Helm itself refuse objects without them
	}
	switch {
	case end > i+1:
		if l.indent > 0 && end-i <= maxBlock {
			t.add("removed-block", l.start, all[end-1].end, "")
		}
	case strings.HasPrefix(trimmed, "{{"):
		t.add("removed-output", l.start, l.end, "")
	default:
		t.add("removed-line", l.start, l.end, "")
	}
	if t.isLastOfBlock(all, i) && end == i+1 && l.indent >= 2 && !strings.HasPrefix(trimmed, "{{") {
		t.add("indented-less", l.start, l.start+2, "")
	}
	t.constant(l)
}

// blockEnd returns the index after the last line that is nested in line i. Blocks of template actions are not divided.
func (t *template) blockEnd(all []line, i int) int {
	end := i + 1
	for j := i + 1; j < len(all); j++ {
		l := all[j]
		if l.control || l.comment {
			continue
		}
		if l.indent <= all[i].indent {
			break
		}
		end = j + 1
	}
	if end == i+1 {
		return end
	}
	for ; end <= len(all); end++ { // closes blocks that were opened in between
		if end == i+1 || t.balanced(all[i].start, all[end-1].end) {
			return end
		}
		if end < len(all) && !all[end].control {
			break
		}
	}
	return i + 1
}

// balanced reports whether a part of the template opens and closes the same blocks.
func (t *template) balanced(start, end int) bool {
	depth := 0
	for _, a := range t.actions {
		if a.start < start || a.start >= end {
			continue
		}
		switch a.keyword {
		case "if", "with", "range", "define", "block":
			depth++
		case "end":
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

func (t *template) isLastOfBlock(all []line, i int) bool {
	for _, l := range all[i+1:] {
		if !l.control && !l.comment {
			return l.indent < all[i].indent
		}
	}
	return false
}

// constant changes the constant value of a line.
func (t *template) constant(l line) {
	found := keyLine.FindStringSubmatchIndex(strings.TrimSuffix(l.text, "\n"))
	if found == nil {
		return
	}
	group := 3
	if found[2*group] < 0 {
		group = 4
	}
	if found[2*group] < 0 || found[2*group] == found[2*group+1] {
		return
	}
	value := l.text[found[2*group]:found[2*group+1]]
	if changed, operator := otherScalar(value); operator != "" && !strings.Contains(value, "{{") {
		t.add(operator, l.start+found[2*group], l.start+found[2*group+1], changed)
	}
}

// quantity matches a number with a unit.
var quantity = regexp.MustCompile(`^(\d+)([a-zA-Z%]{0,2})$`)

// otherScalar returns another value for a scalar of YAML, and the operator; "" if it has none.
func otherScalar(value string) (changed, operator string) {
	quote := ""
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		quote, value = value[:1], value[1:n-1]
	}
	switch found := quantity.FindStringSubmatch(value); {
	case value == "null", value == "~", strings.IndexAny(value, "#|>{[&*!") == 0: // it is no scalar on one line
		return "", ""
	case value == "true":
		return quote + "false" + quote, "changed-boolean"
	case value == "false":
		return quote + "true" + quote, "changed-boolean"
	case value == "TCP":
		return "UDP", "changed-text"
	case value == "UDP":
		return "TCP", "changed-text"
	case found != nil:
		n, _ := strconv.Atoi(found[1])
		return quote + strconv.Itoa(n+1) + found[2] + quote, "changed-number"
	case value == "" && quote == "":
		return "", ""
	case value == "":
		return quote + "x" + quote, "changed-text"
	}
	return quote + value + "-x" + quote, "changed-text"
}

// split returns the lines of the template.
func (t *template) split() []line {
	var all []line
	for start, text := range lines([]byte(t.text)) {
		l := line{start: start, end: start + len(text), text: text}
		l.indent = len(text) - len(strings.TrimLeft(text, " "))
		trimmed := strings.TrimSpace(text)
		l.comment = trimmed == "" || strings.HasPrefix(trimmed, "#")
		for _, a := range t.actions {
			overlaps := a.start < l.end && a.end > l.start
			if overlaps && a.comment {
				l.comment = true
			}
			silent := a.keyword != "" && a.keyword != "template" || a.declares
			if overlaps && silent || overlaps && (a.start < l.start || a.end > l.end) {
				l.control = true
			}
		}
		all = append(all, l)
	}
	return slices.Clip(all)
}
