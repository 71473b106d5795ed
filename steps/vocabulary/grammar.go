package vocabulary

import (
	"regexp"
	"strings"
	"sync"
)

// Grammar defines the placeholders of phrases. It is safe for concurrent use.
type Grammar struct {
	placeholders map[string]string
	shapes       []Shape
	read         sync.Map // *phrase by its text
}

// Shape rewrites a part of a step that matches no phrase to the placeholder that it may have been meant for, so that
// the step can be compared with phrases. In both, everything in quotes is "".
type Shape struct {
	Part *regexp.Regexp
	As   string // in which $1 is the first group of Part
}

// common are the placeholders of every grammar, with their regular expressions. In quotes, any word in capitals is a
// placeholder, by default for text that is neither empty nor contains a quote.
var common = map[string]string{
	"NAME":   `(\S+)`,
	"NAMES":  `(\S+(?:(?:, | and )\S+)*)`,
	"N":      `(\d+)`,
	"PATH":   `(\S.*?)`,
	"VALUE":  `(\S.*?)`,
	`"TEXT"`: `"(.*?)"`,
}

// NewGrammar returns a grammar with further placeholders. Each is a word in capitals, with quotes around it if phrases
// have them, and a regular expression with one group, the value. Shapes are applied in their order.
func NewGrammar(placeholders map[string]string, shapes ...Shape) *Grammar {
	g := &Grammar{placeholders: map[string]string{}, shapes: shapes}
	for _, some := range []map[string]string{common, placeholders} {
		for name, expression := range some {
			g.placeholders[name] = expression
		}
	}
	return g
}

// phrase is a phrase that was read.
type phrase struct {
	pattern      *regexp.Regexp
	placeholders []string // without quotes, in their order: one for each group of pattern
}

// Pattern returns the regular expression for the steps that a phrase stands for. Its groups are the placeholders.
func (g *Grammar) Pattern(text string) *regexp.Regexp { return g.phrase(text).pattern }

// marks finds the parts of a phrase that are not literal text: placeholders, and the brackets around optional parts.
var marks = regexp.MustCompile(`\[|\]|"[A-Z]+"|\b[A-Z]+\b`)

func (g *Grammar) phrase(text string) *phrase {
	if known, ok := g.read.Load(text); ok {
		return known.(*phrase)
	}
	read := new(phrase)
	var expression strings.Builder
	rest := text
	for at := marks.FindStringIndex(rest); at != nil; at = marks.FindStringIndex(rest) {
		mark := rest[at[0]:at[1]]
		part, isPlaceholder := g.meaning(mark)
		if isPlaceholder {
			read.placeholders = append(read.placeholders, strings.Trim(mark, `"`))
		}
		expression.WriteString(regexp.QuoteMeta(rest[:at[0]]) + part)
		rest = rest[at[1]:]
	}
	read.pattern = regexp.MustCompile("^" + expression.String() + regexp.QuoteMeta(rest) + "$")
	known, _ := g.read.LoadOrStore(text, read)
	return known.(*phrase)
}

// meaning returns the regular expression for a mark, and whether it is a placeholder.
func (g *Grammar) meaning(mark string) (expression string, placeholder bool) {
	switch group, known := g.placeholders[mark]; {
	case known:
		return group, true
	case mark == "[":
		return "(?:", false
	case mark == "]":
		return ")?", false
	case mark[0] == '"':
		return `"([^"]+)"`, true
	}
	return mark, false // a word in capitals
}
