package valuesuse

import (
	"maps"
	"regexp"
	"strings"
	"text/template/parse"
)

// recordAt runs do and, in a template that Helm renders by itself, records what it reads as the reads of the action at
// pos.
func (f *frame) recordAt(pos parse.Pos, do func()) {
	if !f.isRendered {
		do()
		return
	}
	at := location{file: f.template.file, pos: pos}
	if f.actions[at] == nil {
		f.actions[at] = map[*path]bool{}
	}
	maps.Copy(f.actions[at], f.record(do))
}

// record runs do and returns the paths that it reads. They count as reads of the enclosing recording too.
func (in *interpreter) record(do func()) map[*path]bool {
	enclosing := in.recorded
	in.recorded = map[*path]bool{}
	do()
	reads := in.recorded
	in.recorded = enclosing
	in.replay(reads)
	return reads
}

func (in *interpreter) replay(reads map[*path]bool) {
	if in.recorded != nil {
		maps.Copy(in.recorded, reads)
	}
}

// recordAccess records an access that happens whenever the template runs.
func (f *frame) recordAccess(at *location, v *value, to *path) {
	if at == nil || f.uncertain > 0 || v.onlyPath() == nil || !f.template.file.isOwn {
		return
	}
	if f.accesses[*at] == nil {
		f.accesses[*at] = map[*path]bool{}
	}
	f.accesses[*at][to] = true
}

// readShallow records that it matters whether values are set, and what they are, but not what their parts are.
func (in *interpreter) readShallow(values ...*value) {
	for _, v := range values {
		if v == nil {
			continue
		}
		for _, p := range v.paths {
			p.tested = true
			in.markRead(p, false)
		}
	}
}

// readDeep records that values and all their parts are read.
func (in *interpreter) readDeep(values ...*value) {
	seen := map[*value]bool{}
	var visit func(*value)
	visit = func(v *value) {
		if v == nil || seen[v] {
			return
		}
		seen[v] = true
		for _, p := range v.paths {
			in.markRead(p, true)
		}
		for _, field := range v.fields {
			visit(field)
		}
		visit(v.rest)
	}
	for _, v := range values {
		visit(v)
	}
}

// readContext records that a template that is not executed, such as a text passed to tpl, may read all of a dot. It
// excepts .Values: what the template reads by that name is found in its text.
func (in *interpreter) readContext(values ...*value) {
	seen := map[*value]bool{}
	for len(values) > 0 {
		v := values[0]
		values = values[1:]
		if v == nil || seen[v] {
			continue
		}
		seen[v] = true
		in.readDeep(&value{paths: v.paths, rest: v.rest})
		for key, field := range v.fields {
			if key != "Values" {
				values = append(values, field)
			}
		}
	}
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	valuesPath     = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)*)`)
)

// readText records what a text reads if a template passes it to tpl. That may happen to any text: a string in the
// values, or a file. scopes are the values of the charts that may do so.
func (in *interpreter) readText(text string, scopes []*path) {
	if !strings.Contains(text, ".Values") {
		return
	}
	for _, action := range templateAction.FindAllString(text, -1) {
		for _, found := range valuesPath.FindAllStringSubmatch(action, -1) {
			keys := strings.FieldsFunc(found[1], func(c rune) bool { return c == '.' })
			for _, scope := range scopes {
				in.markRead(in.descend(scope, keys...), true)
			}
		}
	}
}
