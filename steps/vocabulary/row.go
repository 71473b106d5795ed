package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/suggest"
)

// Row describes one step: its phrase, the function behind it, and its documentation.
type Row struct {
	// Phrase is the text of the step. A placeholder, a word in capitals such as NAME or "NAMESPACE", stands for a value
	// that the scenario gives. A part in brackets is optional.
	Phrase string
	// Method runs the step. Its parameters are a context.Context, which may be left out, one value for each placeholder,
	// and the *godog.Table or *godog.DocString that follows the step. A value is a string, []byte or number. A value in an
	// optional part cannot be a number, because it is "" if the scenario leaves the part out. Method returns nothing, an
	// error, or a context.Context and an error.
	Method any
	// Does describes the step in full sentences of Markdown.
	Does string
	// Columns are the columns of the table that must follow the step. A name that ends in ? may be left out, and
	// AnyOther stands for further columns of any name. nil means that no table follows.
	Columns []string
	// Text describes the doc string that must follow the step. "" means that none follows.
	Text string
	// Example is the steps of a scenario that uses the step.
	Example string
	// Effects are the side effects and needs of the step.
	Effects Effects
}

// AnyOther in Row.Columns stands for further columns of any name.
const AnyOther = "…"

// Effects is a set of effects that a package with rows defines, each as one bit.
type Effects uint

// Has reports whether the set has all of these effects.
func (e Effects) Has(others Effects) bool { return e&others == others }

// usage shows how a scenario writes the step.
func (r Row) usage() string { return "Usage: " + r.layout("       ") }

// layout is the phrase, and the table or doc string below it. The indent is that of the line with the phrase.
func (r Row) layout(indent string) string {
	indent = "\n" + indent + "  "
	switch {
	case r.Columns != nil:
		return r.Phrase + indent + "| " + strings.Join(r.Columns, " | ") + " |"
	case r.Text != "":
		return r.Phrase + indent + `"""` + indent + r.Text + indent + `"""`
	}
	return r.Phrase
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

// check returns an error if the row cannot be used, for example because its method does not fit its phrase.
func (r Row) check(grammar *Grammar) error {
	switch {
	case r.Phrase == "":
		return errors.New("a step has no phrase")
	case r.Columns != nil && r.Text != "":
		return fmt.Errorf("the step `%s` has both columns and a text: only one can follow a step", r.Phrase)
	}
	parsed, err := grammar.parse(r.Phrase)
	if err != nil {
		return err
	}
	if err := r.checkMethod(parsed.placeholders); err != nil {
		return fmt.Errorf("the method of the step `%s` %w", r.Phrase, err)
	}
	return r.checkExample(parsed.pattern)
}

var (
	// values are the types that godog converts the value of a placeholder or the content of a doc string to.
	values = slices.Concat(texts, []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[int32](), reflect.TypeFor[int16](),
		reflect.TypeFor[int8](), reflect.TypeFor[uint](), reflect.TypeFor[uint64](), reflect.TypeFor[uint32](),
		reflect.TypeFor[uint16](), reflect.TypeFor[uint8](), reflect.TypeFor[float64](), reflect.TypeFor[float32](),
	})
	// texts are the types that godog converts "" to, the value of an optional placeholder that is left out.
	texts = []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[[]byte]()}
)

// parameter is a value that a step passes to its method.
type parameter struct {
	name  string
	types []reflect.Type // types that the method may take it as
}

// parameters returns the parameters of the method, without its context.
func (r Row) parameters(placeholders []placeholder) []parameter {
	var all []parameter
	for _, p := range placeholders {
		if p.optional {
			all = append(all, parameter{p.name, texts})
		} else {
			all = append(all, parameter{p.name, values})
		}
	}
	switch {
	case r.Columns != nil:
		all = append(all, parameter{"the table", []reflect.Type{reflect.TypeFor[*messages.PickleTable]()}})
	case r.Text != "":
		text := append([]reflect.Type{reflect.TypeFor[*messages.PickleDocString]()}, values...)
		all = append(all, parameter{"the doc string", text})
	}
	return all
}

// checkMethod returns an error, whose subject is the method, if godog cannot call it.
func (r Row) checkMethod(placeholders []placeholder) error {
	method := reflect.TypeOf(r.Method)
	if method == nil || method.Kind() != reflect.Func {
		return fmt.Errorf("is %T, not a function", r.Method)
	}
	var takes []reflect.Type
	for i := range method.NumIn() {
		if i > 0 || method.In(0) != reflect.TypeFor[context.Context]() {
			takes = append(takes, method.In(i))
		}
	}
	parameters := r.parameters(placeholders)
	if len(takes) != len(parameters) {
		return fmt.Errorf("has %d parameters, besides a context; it needs %d: one for each placeholder, and one for the "+
			"table or doc string", len(takes), len(parameters))
	}
	for i, p := range parameters {
		if !slices.Contains(p.types, takes[i]) {
			return fmt.Errorf("takes %s as %s, which godog cannot convert it to; use %s", p.name, takes[i], p.types[0])
		}
	}
	return checkResults(method)
}

// checkResults returns an error, whose subject is the method, if godog does not accept its results.
func checkResults(method reflect.Type) error {
	failure, ctx := reflect.TypeFor[error](), reflect.TypeFor[context.Context]()
	var results []reflect.Type
	for i := range method.NumOut() {
		results = append(results, method.Out(i))
	}
	for _, allowed := range [][]reflect.Type{{}, {failure}, {ctx}, {ctx, failure}} {
		if slices.Equal(results, allowed) {
			return nil
		}
	}
	return fmt.Errorf("returns %v; it must return nothing, an error, or a context.Context and an error", results)
}

// checkExample returns an error if the row has an example that does not use its step.
func (r Row) checkExample(pattern *regexp.Regexp) error {
	if r.Example == "" {
		return nil
	}
	for line := range strings.Lines(r.Example) {
		if pattern.MatchString(stepText(line)) {
			return nil
		}
	}
	return fmt.Errorf("the example of the step `%s` does not use the step", r.Phrase)
}

// stepText returns the text of a step in a line of Gherkin, without its keyword.
func stepText(line string) string {
	_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	return text
}
