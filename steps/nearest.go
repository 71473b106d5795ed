package steps

import (
	"regexp"

	"github.com/traderadmin/charts/internal/suggest"
)

// own finds what a scenario says of its own in a step that matches no phrase, and shape says what stands for it in phrases as bare returns them.
var own = []struct {
	found *regexp.Regexp
	shape string
}{
	{regexp.MustCompile(`\b(I \w+ h\w+) .+`), "$1 COMMAND"},
	{regexp.MustCompile(`"[^"]*"`), `""`},
	{regexp.MustCompile(`\b[a-z]+/\S+\b`), "WORKLOAD"},
	{regexp.MustCompile(`\b\d+\b`), "N"},
	{regexp.MustCompile(`\b(the|an?|no) ([A-Za-z]+) ""`), `$1 KIND ""`},
}

// optional is the innermost part of a phrase that may be left out.
var optional = regexp.MustCompile(`\[([^][]*)\]`)

// bare are the ways to write a phrase, with all placeholders in quotes alike.
func bare(phrase string) []string {
	at := optional.FindStringSubmatchIndex(phrase)
	if at == nil {
		return []string{regexp.MustCompile(`"[A-Z]+"`).ReplaceAllString(phrase, `""`)}
	}
	before, after := phrase[:at[0]], phrase[at[1]:]
	return append(bare(before+phrase[at[2]:at[3]]+after), bare(before+after)...)
}

// nearest says what the vocabulary has that is most like text, with its usage; that there is nothing like it, when there is not.
func nearest(text string) string {
	for _, o := range own {
		text = o.found.ReplaceAllString(text, o.shape)
	}
	var known []string
	var of []phrase
	for _, p := range phrases() {
		for _, way := range bare(p.phrase) {
			known, of = append(known, way), append(of, p)
		}
	}
	if i := suggest.Nearest(text, known); i >= 0 {
		return "; the nearest is\n" + of[i].usage()
	}
	return ", nor one like it; -godog.definitions lists all, and docs/steps.md explains them"
}
