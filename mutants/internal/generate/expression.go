package generate

import (
	"regexp"
	"slices"
	"strings"
)

// action is an action of a template: {{ … }}. All positions are offsets in the file.
type action struct {
	start, end int    // with the braces
	keyword    string // such as if, else, end and define; "" if it prints or assigns
	inner      int    // the start of what follows the keyword
	close      int    // the end of what precedes the closing braces
	comment    bool
	pipeline   *pipeline // nil if there is none
	declares   bool      // it assigns variables
	scoped     bool      // a with or range around it changes the dot
	opener     int       // for else and end: the index of the action that opened the block
}

// pipeline is a chain of commands.
type pipeline struct {
	start, end int
	commands   []command
}

// command is a function with its arguments, or one operand.
type command struct {
	start, end int
	operands   []operand
}

// operand is a term: a text, a number, a field, a variable, a function, or a pipeline in parentheses.
type operand struct {
	start, end int
	text       string
	inner      *pipeline
}

var keyword = regexp.MustCompile(
	`^(if|else if|else with|else|end|with|range|define|block|template|break|continue)\b\s*`)

// declaration matches the variables that a pipeline is assigned to.
var declaration = regexp.MustCompile(`^\$\w*(?:\s*,\s*\$\w+)?\s*:?=\s*`)

// actions returns the actions of a template in order.
func actions(text string) []action {
	var all []action
	var open []int
	for at := 0; ; {
		next := strings.Index(text[at:], "{{")
		if next < 0 {
			return all
		}
		a := newAction(text, at+next)
		at = a.end
		a.scoped = slices.ContainsFunc(open, func(i int) bool {
			return all[i].keyword == "with" || all[i].keyword == "range"
		})
		switch a.keyword {
		case "if", "with", "range", "define", "block":
			open = append(open, len(all))
		case "end", "else", "else if", "else with":
			if len(open) == 0 {
				return all // it does not parse
			}
			a.opener = open[len(open)-1]
			if a.keyword == "end" {
				open = open[:len(open)-1]
			}
		}
		all = append(all, a)
	}
}

func newAction(text string, start int) action {
	a := action{start: start, inner: start + 2}
	if strings.HasPrefix(text[a.inner:], "- ") || strings.HasPrefix(text[a.inner:], "-\n") {
		a.inner++
	}
	a.inner += len(text[a.inner:]) - len(strings.TrimLeft(text[a.inner:], " \t\n"))
	if strings.HasPrefix(text[a.inner:], "/*") {
		a.comment = true
		a.end = len(text)
		if n := strings.Index(text[a.inner:], "*/"); n >= 0 {
			if n2 := strings.Index(text[a.inner+n:], "}}"); n2 >= 0 {
				a.end = a.inner + n + n2 + 2
			}
		}
		return a
	}
	if found := keyword.FindString(text[a.inner:]); found != "" {
		a.keyword = strings.TrimSpace(found)
		a.inner += len(found)
	}
	if found := declaration.FindString(text[a.inner:]); found != "" {
		a.declares = true
		a.inner += len(found)
	}
	p := &parser{text: text, at: a.inner}
	parsed := p.pipeline()
	a.close = parsed.end
	if len(parsed.commands) > 0 {
		a.pipeline = parsed
	}
	a.end = len(text)
	if n := strings.Index(text[p.at:], "}}"); n >= 0 {
		a.end = p.at + n + 2
	}
	return a
}

// parser parses the pipeline of an action. It expects one that text/template accepts.
type parser struct {
	text string
	at   int
}

func (p *parser) pipeline() *pipeline {
	p.space()
	all := &pipeline{start: p.at, end: p.at}
	for {
		c := p.command()
		if len(c.operands) == 0 {
			return all
		}
		all.commands = append(all.commands, c)
		all.end = c.end
		if p.space(); !strings.HasPrefix(p.text[p.at:], "|") {
			return all
		}
		p.at++
		p.space()
	}
}

func (p *parser) command() command {
	c := command{start: p.at, end: p.at}
	for {
		p.space()
		o, ok := p.operand()
		if !ok {
			return c
		}
		c.operands = append(c.operands, o)
		c.end = o.end
	}
}

// term matches an operand without parentheses, or the fields that follow one with them.
var term = regexp.MustCompile("^(?:\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|'(?:[^'\\\\]|\\\\.)*'|[^\\s|(){}\"`',]+)")

func (p *parser) operand() (operand, bool) {
	o := operand{start: p.at}
	if strings.HasPrefix(p.text[p.at:], "-}}") || strings.HasPrefix(p.text[p.at:], "- }}") {
		return o, false
	}
	if strings.HasPrefix(p.text[p.at:], "(") {
		p.at++
		o.inner = p.pipeline()
		if p.space(); strings.HasPrefix(p.text[p.at:], ")") {
			p.at++
		}
		if strings.HasPrefix(p.text[p.at:], ".") {
			p.at += len(term.FindString(p.text[p.at:]))
		}
	} else {
		p.at += len(term.FindString(p.text[p.at:]))
	}
	o.end, o.text = p.at, p.text[o.start:p.at]
	return o, o.end > o.start
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.ContainsRune(" \t\r\n", rune(p.text[p.at])) {
		p.at++
	}
}
