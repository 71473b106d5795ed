package vocabulary

import (
	"regexp"
	"strings"

	"github.com/traderadmin/charts/internal/suggest"
)

var (
	quotedText        = regexp.MustCompile(`"[^"]*"`)
	number            = regexp.MustCompile(`\b\d+\b`)
	quotedPlaceholder = regexp.MustCompile(`"[A-Z]+"`)
	quotedGroup       = regexp.MustCompile(`"\([^()]*\)"`)
	digits            = regexp.MustCompile(`\(\\d\+\)`)
	// innermost is an optional part of a phrase that contains no other.
	innermost = regexp.MustCompile(`\[([^][]*)\]`)
)

// nearest returns the end of an error about an unknown step, which names the definition that is most like the step, if
// there is one.
func (v *Vocabulary) nearest(text string) string {
	var variants, names []string
	for _, d := range v.definitions {
		texts := []string{literal(d.pattern)}
		name := "; the nearest is " + d.name
		if d.row != nil {
			texts = expand(d.row.Phrase)
			name = "; the nearest is\n  " + d.row.layout("  ")
		}
		for _, variant := range texts {
			variants, names = append(variants, variant), append(names, name)
		}
	}
	if i := suggest.Nearest(v.grammar.abstract(text), variants); i >= 0 {
		return names[i]
	}
	return ", and no step is like it; -godog.definitions lists all steps, and -steps-page documents them"
}

// literal returns an expression as a phrase that unknown steps can be compared with: without anchors, with "" for a
// quoted group and N for a group of digits.
func literal(expression *regexp.Regexp) string {
	text := strings.TrimSuffix(strings.TrimPrefix(expression.String(), "^"), "$")
	text = quotedGroup.ReplaceAllString(text, `""`)
	return digits.ReplaceAllString(text, "N")
}

// abstract replaces the values in a step with placeholders.
func (g *Grammar) abstract(text string) string {
	text = quotedText.ReplaceAllString(text, `""`)
	text = number.ReplaceAllString(text, "N")
	for _, rewrite := range g.rewrites {
		text = rewrite.Pattern.ReplaceAllString(text, rewrite.To)
	}
	return text
}

// expand returns a phrase with and without each of its optional parts, with "" for everything in quotes.
func expand(phrase string) []string {
	at := innermost.FindStringSubmatchIndex(phrase)
	if at == nil {
		return []string{quotedPlaceholder.ReplaceAllString(phrase, `""`)}
	}
	before, after := phrase[:at[0]], phrase[at[1]:]
	return append(expand(before+phrase[at[2]:at[3]]+after), expand(before+after)...)
}
