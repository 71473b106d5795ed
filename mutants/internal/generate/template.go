package generate

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
)

// parses reports whether a content is a template.
func parses(content []byte) bool {
	_, err := chart.ParseTemplate("template", string(content))
	return err == nil
}

// learn records what a template defines, and the texts that it passes to named templates.
func (s *source) learn(f file) {
	text := string(f.content)
	for _, a := range actions(text) {
		if a.pipeline == nil {
			continue
		}
		if a.keyword == "define" {
			s.defines = append(s.defines, unquoted(a.pipeline.commands[0].operands[0].text))
		}
		a.pipeline.walk(func(c command) {
			if function := c.operands[0].text; (function == "include" || function == "template") && len(c.operands) > 2 {
				name := unquoted(c.operands[1].text)
				s.calls[name] = append(s.calls[name], callArgument(c.operands[2]))
			}
			for key, value := range c.pairs() {
				if isText(value.text) && !slices.Contains(s.arguments[key], value.text) {
					s.arguments[key] = append(s.arguments[key], value.text)
				}
			}
		})
	}
}

// templateEdits returns the changes of a template.
func (s *source) templateEdits(f file) []edit {
	t := &template{source: s, text: string(f.content), isText: path.Ext(f.name) == ".txt"}
	t.actions = actions(t.text)
	for i, a := range t.actions {
		t.action(i, a)
	}
	t.lines()
	return t.edits
}

// template is a template whose changes are collected.
type template struct {
	*source
	text    string
	isText  bool // it prints no YAML
	actions []action
	edits   []edit
}

func (t *template) add(operator string, start, end int, text string) {
	t.edits = append(t.edits, edit{operator, start, end, text})
}

func (t *template) action(i int, a action) {
	p := a.pipeline
	if a.comment || p == nil && a.keyword != "else" || a.keyword == "define" || a.keyword == "block" {
		return
	}
	switch a.keyword {
	case "if", "else if":
		t.add("negated-condition", p.start, p.end, "not ("+t.text[p.start:p.end]+")")
		t.add("constant-condition", p.start, p.end, "true")
		t.add("constant-condition", p.start, p.end, "false")
	case "with":
		t.add("dropped-branch", p.start, p.end, "false")
	case "range":
		t.add("dropped-branch", p.start, p.end, "list")
	}
	if strings.HasPrefix(a.keyword, "else") {
		t.dropElse(i, a)
	}
	if p != nil {
		t.pipeline(p, a)
	}
}

// dropElse drops the branch after an else.
func (t *template) dropElse(i int, a action) {
	for _, next := range t.actions[i+1:] {
		if next.opener == a.opener && (next.keyword == "end" || strings.HasPrefix(next.keyword, "else")) {
			t.add("dropped-branch", a.start, next.start, "")
			return
		}
	}
}

// walk visits all commands of a pipeline, inner ones included.
func (p *pipeline) walk(visit func(command)) {
	for _, c := range p.commands {
		visit(c)
		for _, o := range c.operands {
			if o.inner != nil {
				o.inner.walk(visit)
			}
		}
	}
}

// pairs returns the keys and values of a dict with constant keys.
func (c command) pairs() map[string]operand {
	pairs := map[string]operand{}
	if c.operands[0].text != "dict" {
		return pairs
	}
	for i := 1; i+1 < len(c.operands); i += 2 {
		if isText(c.operands[i].text) {
			pairs[unquoted(c.operands[i].text)] = c.operands[i+1]
		}
	}
	return pairs
}

// unwrapped are the functions whose last argument can take the place of their result.
var unwrapped = strings.Fields(`
	quote squote int int64 float64 toString toYaml toJson toPrettyJson fromYaml fromJson b64enc b64dec sha256sum
	trim trimSuffix trimPrefix trimAll trunc abbrev substr lower upper kebabcase replace join splitList
	required default ternary coalesce not tpl deepCopy merge mergeOverwrite
	first last sortAlpha uniq compact without append prepend concat tuple
	add sub mul div max min ceil floor round`)

// swapped are pairs of functions that are easily confused.
var swapped = pairs(`and or, eq ne, lt le, gt ge, hasPrefix hasSuffix, trimPrefix trimSuffix, max min, add sub, mul div,
	b64enc b64dec, first last, lower upper, mergeOverwrite merge, floor ceil`)

// objects are pairs of built-in fields that are easily confused.
var objects = pairs(`.Chart.Name .Release.Name, .Chart.Version .Chart.AppVersion, .Release.Namespace .Release.Name,
	.Release.IsUpgrade .Release.IsInstall, .Release.Service .Release.Name, .Release.Revision .Release.Name`)

// pairs parses pairs of names. Each name leads to the other one; the first pair with a name decides.
func pairs(list string) map[string]string {
	others := map[string]string{}
	for pair := range strings.SplitSeq(list, ",") {
		names := strings.Fields(pair)
		for i, name := range names {
			if _, known := others[name]; !known {
				others[name] = names[1-i]
			}
		}
	}
	return others
}

// pipeline changes a pipeline and those in it.
func (t *template) pipeline(p *pipeline, a action) {
	t.stages(p, a)
	for i, c := range p.commands {
		t.function(c, i > 0)
		for j, o := range c.operands {
			if o.inner != nil {
				t.pipeline(o.inner, action{scoped: a.scoped, keyword: "("})
			}
			t.operand(c, j, a)
		}
	}
}

// stages removes each stage of a pipeline, swaps adjacent ones, and replaces a checksum and a default.
func (t *template) stages(p *pipeline, a action) {
	for i, c := range p.commands {
		name := c.operands[0].text
		if i == 0 || isIndent(name) {
			continue
		}
		t.add("removed-stage", p.commands[i-1].end, c.end, "")
		if i > 1 {
			before := p.commands[i-1]
			t.add("swapped-stages", before.start, c.end, t.text[c.start:c.end]+" | "+t.text[before.start:before.end])
		}
		switch name {
		case "sha256sum":
			t.add("constant-checksum", p.start, c.end, `"constant"`)
		case "default":
			if len(c.operands) == 2 {
				t.add("always-default", p.start, c.end, t.text[c.operands[1].start:c.operands[1].end])
			}
		}
	}
	if a.keyword == "" && !a.declares && t.isPart(a) {
		t.add("removed-output", a.start, a.end, "")
	}
}

// isPart reports whether an action prints a part of the value of a line. The line of a whole value is removed anyway.
func (t *template) isPart(a action) bool {
	start := strings.LastIndexByte(t.text[:a.start], '\n') + 1
	end := len(t.text)
	if n := strings.IndexByte(t.text[a.end:], '\n'); n >= 0 {
		end = a.end + n
	}
	before, after := strings.TrimSpace(t.text[start:a.start]), strings.TrimSpace(t.text[a.end:end])
	return after != "" || before != "" && !strings.HasSuffix(before, ":") && !strings.HasSuffix(before, "-")
}

// function changes the function of a command. In a pipeline, its last argument is the result of the stage before.
func (t *template) function(c command, piped bool) {
	name := c.operands[0]
	if other, ok := swapped[name.text]; ok && (len(c.operands) > 1 || piped) {
		t.add("swapped-function", name.start, name.end, other)
	}
	n := len(c.operands)
	switch {
	case n == 1:
	case name.text == "and" || name.text == "or":
		for _, o := range c.operands[1:] {
			t.add("dropped-operand", o.start-1, o.end, "")
		}
	case name.text == "default" && n == 3:
		t.add("always-default", c.start, c.end, t.text[c.operands[1].start:c.operands[1].end])
		fallthrough
	case !piped && slices.Contains(unwrapped, name.text):
		t.add("removed-function", c.start, c.end, t.text[c.operands[n-1].start:c.operands[n-1].end])
	}
	if isIndent(name.text) && n > 1 {
		if width, err := strconv.Atoi(c.operands[1].text); err == nil {
			t.add("indented-less", c.operands[1].start, c.operands[1].end, strconv.Itoa(max(0, width-2)))
			t.add("indented-more", c.operands[1].start, c.operands[1].end, strconv.Itoa(width+2))
		}
	}
	if (name.text == "include" || name.text == "template") && n > 1 && isText(c.operands[1].text) {
		if other := nearest(unquoted(c.operands[1].text), t.callable(c)); other != "" {
			t.add("other-template", c.operands[1].start, c.operands[1].end, strconv.Quote(other))
		}
	}
}

// callable returns the named templates that are called with the same argument somewhere.
func (t *template) callable(c command) []string {
	return slices.DeleteFunc(slices.Clone(t.defines), func(name string) bool {
		return len(c.operands) < 3 || !slices.Contains(t.calls[name], callArgument(c.operands[2]))
	})
}

// callArgument returns an argument of a named template. Dicts are equal if they have the same keys.
func callArgument(o operand) string {
	if o.inner == nil || len(o.inner.commands) != 1 {
		return o.text
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(o.inner.commands[0].pairs())))
}

// operand changes one operand of a command: a literal, a path, or a scope.
func (t *template) operand(c command, i int, a action) {
	o := c.operands[i]
	function := c.operands[0].text
	switch {
	case isText(o.text):
		t.literal(c, i)
	case i > 0 && number.MatchString(o.text) && !isIndent(function):
		n, _ := strconv.Atoi(o.text)
		t.add("changed-number", o.start, o.end, strconv.Itoa(n+1))
	case o.text == "true" && i > 0:
		t.add("changed-boolean", o.start, o.end, "false")
	case o.text == "false" && i > 0:
		t.add("changed-boolean", o.start, o.end, "true")
	case o.text == "." && a.scoped:
		t.add("other-scope", o.start, o.end, "$")
	case o.text == "$" && a.scoped:
		t.add("other-scope", o.start, o.end, ".")
	case strings.HasPrefix(o.text, "$.") && a.scoped:
		t.add("other-scope", o.start, o.start+1, "")
		t.path(o)
	default:
		t.path(o)
	}
}

func isIndent(function string) bool { return function == "nindent" || function == "indent" }

var number = regexp.MustCompile(`^-?\d+$`)

// literal replaces a text: by what other calls pass as the same argument, or by another text.
func (t *template) literal(c command, i int) {
	o, function := c.operands[i], c.operands[0].text
	isKey := function == "dict" && i%2 == 1
	if i == 1 && (function == "include" || function == "template") || isKey || function == "lookup" && i < 3 {
		return
	}
	if function == "dict" {
		key := unquoted(c.operands[i-1].text)
		known := t.arguments[key]
		if n := slices.Index(known, o.text); n >= 0 && len(known) > 1 {
			t.add("other-argument", o.start, o.end, known[(n+1)%len(known)])
			return
		}
	}
	changed := unquoted(o.text) + "-x"
	if o.text == `""` {
		changed = "x"
	}
	t.add("changed-text", o.start, o.end, strconv.Quote(changed))
}

// path replaces a path of the values by that of a sibling or by its default, and a built-in field by another.
func (t *template) path(o operand) {
	for _, field := range slices.Sorted(maps.Keys(objects)) {
		if strings.HasSuffix(o.text, field) {
			t.add("other-field", o.end-len(field), o.end, objects[field])
		}
	}
	_, after, found := strings.Cut(o.text, ".Values.")
	if !found || o.inner != nil {
		return
	}
	keys := strings.Split(after, ".")
	value, known := t.lookup(keys)
	if !known {
		return
	}
	for i := range keys {
		if sibling := t.sibling(keys, i, value); sibling != "" {
			other := slices.Concat(keys[:i], []string{sibling}, keys[i+1:])
			t.add("sibling-value", o.end-len(after), o.end, strings.Join(other, "."))
		}
	}
	if literal, ok := asLiteral(value); ok {
		t.add("fixed-value", o.start, o.end, literal)
	}
}

// sibling returns another key at position i of a path that leads to a value of the same type. Different values come
// first, and then names that are more alike.
func (t *template) sibling(keys []string, i int, value any) string {
	parent, _ := t.lookup(keys[:i])
	mapping, _ := parent.(map[string]any)
	best, bestRank := "", 0
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		other, ok := t.lookup(slices.Concat(keys[:i], []string{key}, keys[i+1:]))
		if key == keys[i] || !ok || fmt.Sprintf("%T", other) != fmt.Sprintf("%T", value) {
			continue
		}
		rank := 1
		if fmt.Sprint(other) != fmt.Sprint(value) {
			rank = 2
		}
		if rank > bestRank {
			best, bestRank = key, rank
		}
	}
	return best
}

// asLiteral returns a value as a literal of a template.
func asLiteral(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return strconv.Quote(value), true
	case bool, int:
		return fmt.Sprint(value), true
	}
	return "", false
}

// nearest returns the name that shares the longest prefix with another, or "".
func nearest(name string, names []string) string {
	best, shared := "", -1
	for _, other := range names {
		n := 0
		for n < min(len(name), len(other)) && name[n] == other[n] {
			n++
		}
		if other != name && n > shared {
			best, shared = other, n
		}
	}
	return best
}

func isText(text string) bool { return text != "" && (text[0] == '"' || text[0] == '`') }

func unquoted(text string) string {
	if plain, err := strconv.Unquote(text); err == nil {
		return plain
	}
	return text
}

func isYAMLText(content []byte) bool {
	var document yaml.Node
	return yaml.Unmarshal(content, &document) == nil
}
