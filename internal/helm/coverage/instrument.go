package coverage

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/traderadmin/charts/internal/chart"
)

// Block is a part of a template that is executed as a whole: a template, a named one, a branch of one, or an operand
// that is the result of a function.
type Block struct {
	// File is the path of the template in the chart.
	File string
	// Line is the line of the action that begins the block.
	Line int
	// What says which block it is, such as "if .Values.redis.enabled" or "else of if .Values.redis.enabled".
	What string

	outer     *Block   // nil for a template
	lines     []int    // with text or actions, except those of inner blocks
	next      int      // the number of the next operand; 0 if there is none
	scenarios []string // that executed it
}

// probe is the action that reports that a block is executed. It prints nothing. Of all functions that templates have,
// only lookup leaves the engine, whatever is passed to the template.
const probe = `{{with lookup "` + probeGroup + `/v1" "%d" "" "block"}}{{end}}`

// probeGroup is the API group of the objects that probes look up.
const probeGroup = "coverage.invalid"

// instrumented is a template with probes.
type instrumented struct {
	source string // without probes
	text   []byte
	blocks []*Block
}

// instrument puts a probe at the beginning of each block of a template. The first probe has the number first. A
// template that does not parse by itself is returned as it is, without blocks.
func instrument(file, text string, first int) instrumented {
	const whole = "(whole)"
	trees, err := chart.ParseTemplate(whole, text)
	if err != nil {
		return instrumented{source: text, text: []byte(text)}
	}
	in := &instrumenter{file: file, text: text, first: first}
	if !strings.HasPrefix(path.Base(file), "_") { // Helm renders no file of this name by itself
		in.list(nil, trees[whole].Root, 1, "template")
	}
	var out bytes.Buffer
	out.WriteString(trees[whole].Root.String())
	delete(trees, whole)
	for _, tree := range inOrder(trees) {
		in.list(nil, tree.Root, in.line(tree.Root.Pos), fmt.Sprintf("define %q", tree.Name))
		fmt.Fprintf(&out, "{{define %q}}%s{{end}}", tree.Name, tree.Root)
	}
	return instrumented{text, out.Bytes(), in.blocks}
}

// inOrder returns trees by their places in the template.
func inOrder(trees map[string]*parse.Tree) []*parse.Tree {
	var all []*parse.Tree
	for _, tree := range trees {
		if tree.Root != nil {
			all = append(all, tree)
		}
	}
	slices.SortFunc(all, func(a, b *parse.Tree) int { return int(a.Root.Pos - b.Root.Pos) })
	return all
}

type instrumenter struct {
	file, text string
	first      int
	blocks     []*Block
}

// list makes a block of a list of nodes, and of the branches in it.
func (in *instrumenter) list(outer *Block, list *parse.ListNode, line int, what string) {
	block := &Block{File: in.file, Line: line, What: what, outer: outer}
	number := in.first + len(in.blocks)
	in.blocks = append(in.blocks, block)
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			block.lines = append(block.lines, in.linesOf(n)...)
			n.Text = guarded(n.Text)
			continue
		case *parse.ActionNode:
			in.operands(block, n.Pipe)
		case *parse.TemplateNode:
			in.operands(block, n.Pipe)
		case *parse.IfNode:
			in.branches(block, &n.BranchNode, "if")
		case *parse.WithNode:
			in.branches(block, &n.BranchNode, "with")
		case *parse.RangeNode:
			in.branches(block, &n.BranchNode, "range")
		}
		block.lines = append(block.lines, in.line(n.Position()))
	}
	before := &parse.TextNode{NodeType: parse.NodeText, Text: fmt.Appendf(nil, probe, number)}
	list.Nodes = append([]parse.Node{before}, list.Nodes...)
}

// branches makes blocks of both branches of an action. The second one need not be there.
func (in *instrumenter) branches(outer *Block, n *parse.BranchNode, keyword string) {
	what, neverEmpty := keyword+" "+n.Pipe.String(), isNeverEmpty(n.Pipe)
	in.operands(outer, n.Pipe)
	in.list(outer, n.List, in.line(n.Pos), what)
	if n.ElseList == nil && neverEmpty {
		return
	}
	line := in.line(n.Pos)
	if n.ElseList == nil {
		n.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: n.Pos}
	} else {
		line = in.line(n.ElseList.Pos)
	}
	in.list(outer, n.ElseList, line, "else of "+what)
}

// isNeverEmpty reports whether a pipe is a list of constants, such as list "a" "b".
func isNeverEmpty(pipe *parse.PipeNode) bool {
	arguments := pipe.Cmds[0].Args
	return len(pipe.Cmds) == 1 && len(arguments) > 1 && arguments[0].String() == "list"
}

func (in *instrumenter) line(at parse.Pos) int {
	return 1 + strings.Count(in.text[:min(int(at), len(in.text))], "\n")
}

// linesOf returns the lines of a text that are not blank. The text is as in the template, without white space at its
// ends that actions trim.
func (in *instrumenter) linesOf(n *parse.TextNode) (lines []int) {
	line := in.line(n.Pos)
	for text := range bytes.Lines(n.Text) {
		if len(bytes.TrimSpace(text)) > 0 {
			lines = append(lines, line)
		}
		line++
	}
	return lines
}

// guarded returns the text of a template that prints a text. Braces at its end become an action, because they may stand
// directly before one.
func guarded(text []byte) []byte {
	trimmed := bytes.TrimRight(text, "{")
	if len(trimmed) == len(text) {
		return text
	}
	return fmt.Appendf(bytes.Clone(trimmed), "{{%q}}", text[len(trimmed):])
}
