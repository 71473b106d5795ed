package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/suggest"
)

// Row describes one step: how scenarios write it, what runs it, and its documentation.
type Row struct {
	// Phrase is the text of the step. A placeholder, a word in capitals such as NAME or "NAMESPACE", stands for a value
	// that the scenario gives. A part in brackets is optional.
	Phrase string
	// Method runs the step. Its parameters are a context.Context, which may be left out, one value for each placeholder,
	// and the *godog.Table or *godog.DocString that follows the step. The value of a placeholder in an optional part that
	// the scenario leaves out is "" or 0. It returns nothing, an error, or a context.Context and an error.
	Method any
	// Does says in full sentences what the step does. It is Markdown.
	Does string
	// Columns are the columns of the table that must follow the step. A name that ends in ? may be left out, and
	// AnyOther stands for further columns of any name. nil means that no table follows.
	Columns []string
	// Text describes the doc string that must follow the step. "" means that none follows.
	Text string
	// Example is the steps of a scenario that uses the step.
	Example string
	// Effects are what the step does or needs beyond its own outcome.
	Effects Effects
}

// AnyOther in Row.Columns stands for further columns of any name.
const AnyOther = "…"

// Effects is a set of effects that a package with rows defines, each as one bit.
type Effects uint

// Has reports whether the set has all of these effects.
func (e Effects) Has(others Effects) bool { return e&others == others }

// usage is how a scenario writes the step.
func (r Row) usage() string {
	usage := "Usage: " + r.Phrase
	if r.Columns != nil {
		usage += "\n         | " + strings.Join(r.Columns, " | ") + " |"
	}
	if r.Text != "" {
		usage += "\n         \"\"\"\n         " + r.Text + "\n         \"\"\""
	}
	return usage
}

// checkArgument returns an error if the table or doc string of a step is not the one that the row takes.
func (r Row) checkArgument(given *messages.PickleStepArgument) error {
	switch {
	case r.Columns == nil && given != nil && given.DataTable != nil:
		return errors.New("takes no table")
	case r.Text == "" && given != nil && given.DocString != nil:
		return errors.New("takes no doc string")
	case r.Columns != nil && (given == nil || given.DataTable == nil):
		return errors.New("needs a table below it")
	case r.Text != "" && (given == nil || given.DocString == nil):
		return fmt.Errorf("needs a doc string below it: %s", r.Text)
	case r.Columns != nil:
		return r.checkColumns(given.DataTable.Rows[0])
	}
	return nil
}

func (r Row) checkColumns(header *messages.PickleTableRow) error {
	var given, known []string
	for _, cell := range header.Cells {
		given = append(given, cell.Value)
	}
	for _, column := range r.Columns {
		name, optional := strings.CutSuffix(column, "?")
		known = append(known, name)
		if !optional && name != AnyOther && !slices.Contains(given, name) {
			return fmt.Errorf("needs the column %q in its table, whose first line is | %s |", name, strings.Join(given, " | "))
		}
	}
	for i, name := range given {
		if slices.Contains(given[:i], name) {
			return fmt.Errorf("has the column %q twice in its table", name)
		}
		if !slices.Contains(known, name) && !slices.Contains(known, AnyOther) {
			return fmt.Errorf("has the unknown column %q in its table%s", name, suggest.For(name, known))
		}
	}
	return nil
}

// check returns an error if the row cannot be used: its method does not take what its phrase has.
func (r Row) check(grammar *Grammar) error {
	switch {
	case r.Phrase == "":
		return errors.New("a step has no phrase")
	case r.Columns != nil && r.Text != "":
		return fmt.Errorf("the step `%s` has both columns and a text: only one can follow a step", r.Phrase)
	}
	method := reflect.TypeOf(r.Method)
	if method == nil || method.Kind() != reflect.Func {
		return fmt.Errorf("the step `%s` has no function as its method, but %T", r.Phrase, r.Method)
	}
	wanted := len(grammar.phrase(r.Phrase).placeholders)
	if r.Columns != nil || r.Text != "" {
		wanted++
	}
	takes := method.NumIn()
	if takes > 0 && method.In(0) == reflect.TypeFor[context.Context]() {
		takes--
	}
	if takes != wanted {
		return fmt.Errorf("the method of the step `%s` has %d parameters, besides a context; it needs %d: one for each "+
			"placeholder, and one for the table or doc string", r.Phrase, takes, wanted)
	}
	return nil
}
