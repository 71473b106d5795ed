// Package vocabulary is a table of the steps that scenarios may use, each a row with a phrase, the function that runs
// it, and its documentation.
//
// From the rows come the patterns by which godog finds a step's function, the check of all steps before a run, the
// suggestion for a step that no row has, and the page that documents them. A Vocabulary may also have steps that are
// only regular expressions, which godog knows without a row: they are accepted and suggested, but not documented.
package vocabulary

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/gherkin"
)

// Noun is a group of rows about the same thing.
type Noun struct {
	Title string
	Rows  []Row
}

// Vocabulary is a set of steps. It is safe for concurrent use.
type Vocabulary struct {
	grammar     *Grammar
	nouns       []Noun
	definitions []definition
}

// definition is a step by its pattern.
type definition struct {
	pattern *regexp.Regexp
	row     *Row   // nil for a plain expression
	name    string // for errors
}

// Expression is a step without a row.
type Expression struct {
	Pattern *regexp.Regexp
	Source  string // the place that defines it, such as own_test.go:12; may be ""
}

// New returns the vocabulary that consists of these rows and expressions. It fails if a row cannot be used, or if two
// definitions match the same step of an example.
func New(grammar *Grammar, nouns []Noun, expressions ...Expression) (*Vocabulary, error) {
	v := &Vocabulary{grammar: grammar, nouns: nouns}
	groups := map[string]string{} // by phrase
	var failed []error
	for _, noun := range nouns {
		for _, row := range noun.Rows {
			if err := row.check(grammar); err != nil {
				failed = append(failed, err)
				continue
			}
			if group, ok := groups[row.Phrase]; ok {
				failed = append(failed, fmt.Errorf("the step `%s` is defined twice: under %q and again under %q; change the "+
					"phrase of one", row.Phrase, group, noun.Title))
				continue
			}
			groups[row.Phrase] = noun.Title
			name := fmt.Sprintf("`%s` under %q", row.Phrase, noun.Title)
			v.definitions = append(v.definitions, definition{grammar.Pattern(row.Phrase), &row, name})
		}
	}
	for _, e := range expressions {
		name := fmt.Sprintf("`%s`", e.Pattern)
		if e.Source != "" {
			name += " in " + e.Source
		}
		v.definitions = append(v.definitions, definition{e.Pattern, nil, name})
	}
	return v, errors.Join(append(failed, v.checkExamples())...)
}

// Rows returns all rows, in the order of their nouns.
func (v *Vocabulary) Rows() []Row {
	var all []Row
	for _, noun := range v.nouns {
		all = append(all, noun.Rows...)
	}
	return all
}

// Match is a step of a scenario with the row that it uses.
type Match struct {
	Row       Row
	arguments []argument
}

type argument struct{ placeholder, value string }

// Arguments returns the values that the step gives for a placeholder, which is named without quotes. An optional part
// that the step leaves out gives none.
func (m Match) Arguments(placeholder string) []string {
	var values []string
	for _, a := range m.arguments {
		if a.placeholder == placeholder && a.value != "" {
			values = append(values, a.value)
		}
	}
	return values
}

// Matches returns the rows that these steps use. Steps without a row are left out.
func (v *Vocabulary) Matches(steps []*messages.PickleStep) []Match {
	var all []Match
	for _, step := range steps {
		for _, d := range v.definitions {
			if d.row == nil {
				continue
			}
			if groups := d.pattern.FindStringSubmatch(step.Text); groups != nil {
				match := Match{Row: *d.row}
				for i, placeholder := range v.grammar.phrase(d.row.Phrase).placeholders {
					match.arguments = append(match.arguments, argument{placeholder.name, groups[i+1]})
				}
				all = append(all, match)
				break
			}
		}
	}
	return all
}

// Check returns an error for each step of these scenarios of one feature that the vocabulary does not have, that is
// ambiguous, or that is misused, with its file and line and a proposal. A step of a Background is named once.
func (v *Vocabulary) Check(feature *messages.GherkinDocument, scenarios []*messages.Pickle) error {
	lines := gherkin.StepLines(feature)
	named := map[string]bool{}
	var failed []error
	for _, scenario := range scenarios {
		for _, step := range scenario.Steps {
			err := v.CheckStep(step)
			if err == nil {
				continue
			}
			place := fmt.Sprintf("%s:%d", feature.Uri, lines[step.AstNodeIds[0]])
			if !named[place+step.Text] {
				named[place+step.Text] = true
				failed = append(failed, fmt.Errorf("%s: %w", place, err))
			}
		}
	}
	return errors.Join(failed...)
}

// ErrUnknown is wrapped by the error for a step that the vocabulary does not have.
var ErrUnknown = errors.New("unknown step")

// CheckStep returns an error if the vocabulary does not have the step, or the step is ambiguous or misused.
func (v *Vocabulary) CheckStep(step *messages.PickleStep) error {
	found := v.matching(step.Text)
	switch {
	case len(found) == 0:
		return fmt.Errorf("%w `%s`%s", ErrUnknown, step.Text, v.nearest(step.Text))
	case len(found) > 1:
		return ambiguous(step.Text, found)
	case found[0].row == nil:
		return nil
	}
	if err := found[0].row.checkArgument(step.Argument); err != nil {
		return fmt.Errorf("`%s` %w\n%s", step.Text, err, found[0].row.usage())
	}
	return nil
}

func (v *Vocabulary) matching(text string) []definition {
	var found []definition
	for _, d := range v.definitions {
		if d.pattern.MatchString(text) {
			found = append(found, d)
		}
	}
	return found
}

func ambiguous(text string, found []definition) error {
	return fmt.Errorf("the step `%s` is ambiguous: it matches %s", text, names(found))
}

func names(definitions []definition) string {
	var all []string
	for _, d := range definitions {
		all = append(all, d.name)
	}
	return strings.Join(all, " and ")
}

// checkExamples returns an error for each set of definitions that match the same step of an example. An example that
// does not parse as Gherkin may do so: its lines are compared one by one.
func (v *Vocabulary) checkExamples() error {
	reported := map[string]bool{}
	var failed []error
	for _, row := range v.Rows() {
		for line := range strings.Lines(row.Example) {
			text := stepText(line)
			found := v.matching(text)
			if len(found) < 2 || reported[names(found)] {
				continue
			}
			reported[names(found)] = true
			failed = append(failed, ambiguous(text, found))
		}
	}
	return errors.Join(failed...)
}
