package vocabulary

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
)

// Grammar defines the placeholders of phrases. It is safe for concurrent use.
type Grammar struct {
	placeholders map[string]string
	rewrites     []Rewrite
	parsed       sync.Map // *phrase by its text
}

// Rewrite replaces a part of an unknown step with a placeholder, so that the step can be compared with phrases. Before
// that, each quoted text becomes "", in the step and in phrases.
type Rewrite struct {
	Pattern *regexp.Regexp
	To      string // $1 is the first group of Pattern
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
// have them, and a regular expression with one group, the value. Rewrites are applied in their order.
func NewGrammar(placeholders map[string]string, rewrites ...Rewrite) *Grammar {
	g := &Grammar{placeholders: maps.Clone(common), rewrites: rewrites}
	maps.Copy(g.placeholders, placeholders)
	return g
}

// phrase is a parsed phrase.
type phrase struct {
	pattern      *regexp.Regexp
	placeholders []placeholder // one for each group of pattern
}

type placeholder struct {
	name     string // without quotes
	optional bool   // it is in an optional part
}

// Pattern returns the regular expression for the steps that a phrase stands for. Its groups are the placeholders. It
// panics if the phrase is invalid; New returns an error for such a phrase.
func (g *Grammar) Pattern(text string) *regexp.Regexp { return g.phrase(text).pattern }

// marks finds the parts of a phrase that are not literal text: placeholders, and the brackets around optional parts.
var marks = regexp.MustCompile(`\[|\]|"[A-Z]+"|\b[A-Z]+\b`)

// phrase returns a parsed phrase. It panics if the phrase is invalid.
func (g *Grammar) phrase(text string) *phrase {
	parsed, err := g.parse(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func (g *Grammar) parse(text string) (*phrase, error) {
	if known, ok := g.parsed.Load(text); ok {
		return known.(*phrase), nil
	}
	parsed := new(phrase)
	var expression strings.Builder
	rest := text
	depth := 0 // of optional parts
	for at := marks.FindStringIndex(rest); at != nil; at = marks.FindStringIndex(rest) {
		mark := rest[at[0]:at[1]]
		part, isPlaceholder := g.meaning(mark)
		if isPlaceholder {
			parsed.placeholders = append(parsed.placeholders, placeholder{strings.Trim(mark, `"`), depth > 0})
		}
		switch mark {
		case "[":
			depth++
		case "]":
			depth--
		}
		expression.WriteString(regexp.QuoteMeta(rest[:at[0]]) + part)
		rest = rest[at[1]:]
	}
	var err error
	parsed.pattern, err = regexp.Compile("^" + expression.String() + regexp.QuoteMeta(rest) + "$")
	if err != nil {
		return nil, fmt.Errorf("the phrase `%s` cannot be parsed; check that each [ has a ]: %w", text, err)
	}
	known, _ := g.parsed.LoadOrStore(text, parsed)
	return known.(*phrase), nil
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
