package vocabulary

import (
	"regexp"

	"github.com/traderadmin/charts/internal/suggest"
)

var (
	quotedText        = regexp.MustCompile(`"[^"]*"`)
	number            = regexp.MustCompile(`\b\d+\b`)
	quotedPlaceholder = regexp.MustCompile(`"[A-Z]+"`)
	// innermost is an optional part of a phrase that contains no other.
	innermost = regexp.MustCompile(`\[([^][]*)\]`)
)

// nearest returns the end of a sentence about a step that no phrase matches: the usage of the row whose phrase is most
// like it, or that there is none.
func (v *Vocabulary) nearest(text string) string {
	var variants []string
	var rows []Row
	for _, row := range v.Rows() {
		for _, variant := range expand(row.Phrase) {
			variants, rows = append(variants, variant), append(rows, row)
		}
	}
	if i := suggest.Nearest(v.grammar.abstract(text), variants); i >= 0 {
		return "; the nearest is\n" + rows[i].usage()
	}
	return ", and no step is like it; -godog.definitions lists all steps, and -steps-page documents them"
}

// abstract replaces the values in a step by the placeholders that they may be meant for.
func (g *Grammar) abstract(text string) string {
	text = quotedText.ReplaceAllString(text, `""`)
	text = number.ReplaceAllString(text, "N")
	for _, shape := range g.shapes {
		text = shape.Part.ReplaceAllString(text, shape.As)
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
