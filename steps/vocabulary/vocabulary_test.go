package vocabulary

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	messages "github.com/cucumber/messages/go/v34"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var grammar = NewGrammar(
	map[string]string{"COLOR": `(red|green)`},
	Rewrite{Pattern: regexp.MustCompile(`\b(blue|yellow)\b`), To: "COLOR"},
)

func nothing(string) error { return nil }

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		phrase, text string
		groups       []string // nil if the text does not match
	}{
		{`the light is COLOR`, "the light is red", []string{"red"}},
		{`the light is COLOR`, "the light is blue", nil},
		{`the light is COLOR`, "the light is red now", nil},
		{`N light[s] of "STREET"`, `2 lights of "Main St."`, []string{"2", "Main St."}},
		{`N light[s] of "STREET"`, `1 light of "Elm"`, []string{"1", "Elm"}},
		{`N light[s] of "STREET"`, `1 light of ""`, nil},
		{`it says "TEXT"`, `it says ""`, []string{""}},
		{`NAMES glow[ in "PLACE"]`, "a, b and c glow", []string{"a, b and c", ""}},
		{`NAMES glow[ in "PLACE"]`, `a glow in "b"`, []string{"a", "b"}},
		{`costs N.50 (USD)`, "costs 3.50 (USD)", []string{"3"}},
		{`costs N.50 (USD)`, "costs 3x50 (USD)", nil},
	} {
		groups := grammar.Pattern(test.phrase).FindStringSubmatch(test.text)
		if groups != nil {
			groups = groups[1:]
		}
		assert.Equal(t, test.groups, groups, "%s: %s", test.phrase, test.text)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	v, err := New(grammar, []Noun{{Rows: []Row{
		{Phrase: `the light of "STREET" is COLOR[ in "PLACE"]`, Method: func(a, b, c string) {}, Effects: 2},
	}}}, Expression{Pattern: regexp.MustCompile("^plain$")})
	require.NoError(t, err)

	found := v.Matches([]*messages.PickleStep{
		{Text: `the light of "Elm" is red in "Bonn"`}, {Text: `the light of "Elm" is red`},
		{Text: "plain"}, {Text: "unknown"},
	})

	require.Len(t, found, 2)
	assert.Equal(t, []string{"Elm"}, found[0].Arguments("STREET"))
	assert.Equal(t, []string{"Bonn"}, found[0].Arguments("PLACE"))
	assert.Empty(t, found[1].Arguments("PLACE"), "an optional part that is left out")
	assert.True(t, found[0].Row.Effects.Has(2))
	assert.False(t, found[0].Row.Effects.Has(3))
}

func table(cells ...string) *messages.PickleStepArgument {
	header := &messages.PickleTableRow{}
	for _, cell := range cells {
		header.Cells = append(header.Cells, &messages.PickleTableCell{Value: cell})
	}
	return &messages.PickleStepArgument{DataTable: &messages.PickleTable{Rows: []*messages.PickleTableRow{header}}}
}

func TestCheckStep(t *testing.T) {
	t.Parallel()
	v, err := New(grammar, []Noun{{Title: "Street lights", Rows: []Row{
		{Phrase: "the light is COLOR", Method: nothing},
		{Phrase: "the lights", Method: func(*messages.PickleTable) {}, Columns: []string{"street", "color?"}},
		{Phrase: "any lights", Method: func(*messages.PickleTable) {}, Columns: []string{"street", AnyOther}},
		{Phrase: "the letter", Method: func(*messages.PickleDocString) {}, Text: "its text"},
	}}},
		Expression{Pattern: regexp.MustCompile("^plain$")},
		Expression{Pattern: regexp.MustCompile("^the light is red$")},
		Expression{Pattern: regexp.MustCompile(`^the lamp of "([^"]*)" is lit$`), Source: "own_test.go:12"},
	)
	require.NoError(t, err)
	text := &messages.PickleStepArgument{DocString: &messages.PickleDocString{}}
	for _, test := range []struct {
		step  string
		given *messages.PickleStepArgument
		words string // "" if the step is right
	}{
		{"the light is green", nil, ""},
		{"plain", table("x"), ""},
		{"the lights", table("color", "street"), ""},
		{"any lights", table("street", "height"), ""},
		{"the letter", text, ""},
		{"the light is green", table("x"), "takes no table"},
		{"the light is green", text, "takes no doc string"},
		{"the lights", nil, "needs a table below it"},
		{"the lights", table("color"), `needs the column "street"`},
		{"the lights", table("street", "colour"), `unknown column "colour"`},
		{"the lights", table("street", "street"), `the column "street" twice`},
		{"the letter", nil, "needs a doc string below it: its text"},
		{"the light is red", nil, "it matches `the light is COLOR` under \"Street lights\" and `^the light is red$`"},
		{"the light is blue", nil, "unknown step `the light is blue`; the nearest is\n  the light is COLOR"},
		{"the light", nil, "the nearest is\n  the lights\n    | street | color? |"},
		{`the lamp of "Elm" is lid`, nil, "the nearest is `^the lamp of \"([^\"]*)\" is lit$` in own_test.go:12"},
		{"something else", nil, "no step is like it"},
	} {
		err := v.CheckStep(&messages.PickleStep{Text: test.step, Argument: test.given})
		if test.words == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, test.words)
		}
	}
}

func TestNewRefusesRows(t *testing.T) {
	t.Parallel()
	for words, row := range map[string]Row{
		"a step has no phrase":                       {Method: nothing},
		"`foo [N` cannot be parsed":                  {Phrase: "foo [N", Method: nothing},
		"`foo N]` cannot be parsed":                  {Phrase: "foo N]", Method: nothing},
		"both columns and a text":                    {Phrase: "foo", Columns: []string{"a"}, Text: "B"},
		"takes N as time.Duration, which godog":      {Phrase: "foo N", Method: func(time.Duration) {}},
		"takes N as interface {}, which godog":       {Phrase: "foo N", Method: func(any) {}},
		"takes N as int, which godog cannot":         {Phrase: "foo[ N]", Method: func(int) {}},
		"takes the table as string, which godog":     {Phrase: "foo", Columns: []string{"a"}, Method: nothing},
		"returns [string]":                           {Phrase: "foo N", Method: func(int) string { return "" }},
		"the example of the step `foo N` does not":   {Phrase: "foo N", Method: nothing, Example: "Given foo many"},
		"has 1 parameters, besides a context":        {Phrase: "N is N", Method: nothing},
		"the method of the step `foo` is int, not a": {Phrase: "foo", Method: 1},
	} {
		_, err := New(grammar, []Noun{{Rows: []Row{row}}})
		assert.ErrorContains(t, err, words)
	}
}

func TestNewAcceptsParameters(t *testing.T) {
	t.Parallel()
	_, err := New(grammar, []Noun{{Rows: []Row{
		{Phrase: "one N", Method: func(context.Context, uint8) error { return nil }, Example: "Given one 1"},
		{Phrase: "two[ N]", Method: func(string) (context.Context, error) { return nil, nil }, Example: "Given two"},
		{Phrase: "three", Text: "TEXT", Method: func([]byte) {}},
		{Phrase: "four", Text: "TEXT", Method: func(*messages.PickleDocString) {}},
	}}})
	assert.NoError(t, err)
}

func TestPage(t *testing.T) {
	t.Parallel()
	v, err := New(grammar, []Noun{{Title: "Street lights", Rows: []Row{
		{
			Phrase: `the lights[ of "STREET"]`, Method: func(string, *messages.PickleTable) {}, Columns: []string{"color"},
			Does: strings.Repeat("It has many words. ", 10), Example: "\nGiven the lights\n",
		},
	}}})
	require.NoError(t, err)
	var page strings.Builder

	require.NoError(t, v.WritePage(&page, "# Steps\n\n"))

	assert.Contains(t, page.String(), "[Street lights](#street-lights):\n\n"+
		"```text\nthe lights[ of \"STREET\"] (table)\n```\n")
	assert.Contains(t, page.String(), "### the lights\\[ of \"STREET\"\\]\n\nIt has many words.")
	assert.Contains(t, page.String(), "Columns of the table: `color`.\n\n```gherkin\nGiven the lights\n```\n")
	for line := range strings.Lines(page.String()) {
		assert.LessOrEqual(t, len(line), 121, line)
	}
}
