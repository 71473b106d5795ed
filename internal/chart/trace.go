package chart

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// Helm's engine does not report which template line printed a line of output. Tracing therefore renders the chart a
// second time, with a mark before every line and every action of its templates, and reads the marks from the output.
// Everything else uses the first rendering. If a line differs between the two (random names, a checksum of a marked
// template), its template line is unknown.
//
// Only templates that Helm renders by themselves are marked. A line printed by an include is attributed to the line of
// the include.

// A mark is the number of a template and a line in it, between two characters from a private-use plane. If a chart
// prints these characters itself, the two renderings differ and the line is unknown.
const (
	markStart = '\U0010FFF0'
	markEnd   = '\U0010FFF1'
)

func mark(template, line int) string {
	return fmt.Sprintf("%c%d:%d%c", markStart, template, line, markEnd)
}

// templateLine returns the template line that printed a line of a template's output, both from 1; 0 if it is unknown.
// The first call renders the chart a second time, so that a chart without findings does not pay for it, unless the
// template printed the same in a rendering that is traced.
func (r *Rendered) templateLine(template string, line int) int {
	if trace := r.traceOf(template); line >= 1 && line <= len(trace) {
		return trace[line-1]
	}
	return 0
}

// output identifies what a template printed.
type output struct {
	template string
	hash     [sha256.Size]byte
}

func (r *Rendered) outputOf(template string) output {
	return output{template: template, hash: sha256.Sum256([]byte(r.files[template]))}
}

func (r *Rendered) traceOf(template string) []int {
	r.traceMu.Lock()
	defer r.traceMu.Unlock()
	if trace, known := r.traces[template]; known {
		return trace
	}
	if trace, known := r.chart.traces.Load(r.outputOf(template)); known {
		if r.traces == nil {
			r.traces = map[string][]int{}
		}
		r.traces[template] = trace.([]int)
		return r.traces[template]
	}
	if r.traces == nil {
		r.traces = map[string][]int{}
	}
	if !r.traced {
		if r.traceAlone(template); r.traces[template] == nil {
			r.traced = true
			r.trace()
		}
		for name, trace := range r.traces {
			r.chart.traces.LoadOrStore(r.outputOf(name), trace)
		}
	}
	return r.traces[template]
}

// numbers numbers the templates that print manifests.
func (r *Rendered) numbers() map[string]int {
	numbers := map[string]int{}
	for i, name := range r.manifests() {
		numbers[name] = i
	}
	return numbers
}

// traceAlone traces a template without rendering the others, unless it prints something else then, because others
// change its values.
func (r *Rendered) traceAlone(template string) {
	number, isRendered := r.numbers()[template]
	if !isRendered {
		return
	}
	marked := r.executeMarked(r.only(r.helm, map[string]bool{template: true}), map[string]int{template: number})
	printed, lines := readMarks(marked[template], number)
	if strings.Join(printed, "\n") == r.files[template] {
		r.traces[template] = lines
	}
}

// trace traces all templates.
func (r *Rendered) trace() {
	numbers := r.numbers()
	marked := r.executeMarked(r.helm, numbers)
	if marked == nil {
		return
	}
	for name, number := range numbers {
		printed, lines := readMarks(marked[name], number)
		r.traces[name] = sameLines(r.files[name], printed, lines)
	}
}

// executeMarked renders a chart with marks in the templates of the given names. A template that fails with marks, for
// example because it parses the output of another, is rendered without them. executeMarked returns nil if it finds no
// such template.
func (r *Rendered) executeMarked(helm *helmchart.Chart, numbers map[string]int) map[string]string {
	unmarked := map[string]bool{}
	for len(unmarked) < maxRenderFailures {
		marked, err := r.execute(edit(helm, func(name string, content []byte) []byte {
			number, isRendered := numbers[name]
			if !isRendered || unmarked[name] || len(content) == 0 {
				return content
			}
			type key struct {
				name   string
				number int
			}
			return Once(r.chart, key{name, number}, func() []byte { return addMarks(string(content), number) })
		}))
		if err == nil {
			return marked
		}
		_, template := r.renderFailure(err)
		if _, isRendered := numbers[template]; !isRendered || unmarked[template] {
			return nil
		}
		unmarked[template] = true
	}
	return nil
}

// sameLines clears the template lines of output lines that differ between the two renderings. It returns nil if the
// number of lines differs.
func sameLines(clean string, printed []string, lines []int) []int {
	want := strings.Split(clean, "\n")
	if len(want) != len(printed) {
		return nil
	}
	for i := range want {
		if want[i] != printed[i] {
			lines[i] = 0
		}
	}
	return lines
}

// addMarks returns a template with marks. A template that does not parse by itself is returned as it is.
func addMarks(text string, number int) []byte {
	const whole = "(whole)" // no name that a chart gives a template
	trees, err := ParseTemplate(whole, text)
	if err != nil {
		return []byte(text)
	}
	m := marker{number: number}
	for i := range len(text) {
		if text[i] == '\n' {
			m.lineEnds = append(m.lineEnds, i)
		}
	}
	m.list(trees[whole].Root)
	for _, tree := range trees {
		guardBraces(tree.Root)
	}

	var out bytes.Buffer
	out.WriteString(trees[whole].Root.String())
	delete(trees, whole)
	names := make([]string, 0, len(trees))
	for name := range trees {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&out, "{{define %q}}%s{{end}}", name, trees[name].Root)
	}
	return out.Bytes()
}

// marker adds marks to the parse tree of a template, where white space is already trimmed. A mark in the source would
// prevent the trimming.
type marker struct {
	number   int
	lineEnds []int // offsets in the source
}

func (m marker) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	var nodes []parse.Node
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			n.Text = m.text(n)
		case *parse.ActionNode, *parse.TemplateNode:
			nodes = append(nodes, &parse.TextNode{NodeType: parse.NodeText, Text: []byte(mark(m.number, m.line(n.Position())))})
		case *parse.IfNode:
			m.branch(&n.BranchNode)
		case *parse.RangeNode:
			m.branch(&n.BranchNode)
		case *parse.WithNode:
			m.branch(&n.BranchNode)
		}
		nodes = append(nodes, n)
	}
	list.Nodes = nodes
}

func (m marker) branch(b *parse.BranchNode) {
	m.list(b.List)
	m.list(b.ElseList)
}

// text returns a text with a mark at its start and after each line end.
func (m marker) text(n *parse.TextNode) []byte {
	var out bytes.Buffer
	line := m.line(n.Pos)
	out.WriteString(mark(m.number, line))
	for rest := n.Text; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			out.Write(rest)
			break
		}
		out.Write(rest[:end])
		rest = rest[end:]
		line++
		out.WriteString(mark(m.number, line))
	}
	return out.Bytes()
}

// guardBraces puts a mark of no template after each text that ends in a brace. The trimmed text may stand directly
// before an action, whose delimiter would begin one brace too early.
func guardBraces(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			if bytes.HasSuffix(n.Text, []byte("{")) {
				n.Text = append(bytes.Clone(n.Text), mark(-1, 0)...)
			}
		case *parse.IfNode:
			guardBraces(n.List)
			guardBraces(n.ElseList)
		case *parse.RangeNode:
			guardBraces(n.List)
			guardBraces(n.ElseList)
		case *parse.WithNode:
			guardBraces(n.List)
			guardBraces(n.ElseList)
		}
	}
}

func (m marker) line(at parse.Pos) int {
	return 1 + sort.SearchInts(m.lineEnds, int(at))
}

// readMarks removes the marks from a template's output. The template line of an output line is that of the last mark
// before its first visible character. Marks of other templates, which this one includes, are ignored.
func readMarks(marked string, number int) (printed []string, lines []int) {
	own := strconv.Itoa(number) + ":"
	current := 0
	for _, line := range strings.Split(marked, "\n") {
		var clean strings.Builder
		from := 0
		for line != "" {
			start := strings.IndexRune(line, markStart)
			if start < 0 {
				start = len(line)
			}
			text := line[:start]
			if from == 0 && strings.IndexFunc(text, visible) >= 0 {
				from = current
			}
			clean.WriteString(text)
			line = line[start:]
			if line == "" {
				break
			}
			content, rest, ended := strings.Cut(line[len(string(markStart)):], string(markEnd))
			if !ended {
				clean.WriteString(line) // not one of our marks
				break
			}
			if at, ok := strings.CutPrefix(content, own); ok {
				if n, err := strconv.Atoi(at); err == nil {
					current = n
				}
			}
			line = rest
		}
		if from == 0 {
			from = current
		}
		printed, lines = append(printed, clean.String()), append(lines, from)
	}
	return printed, lines
}

func visible(r rune) bool { return !unicode.IsSpace(r) }
