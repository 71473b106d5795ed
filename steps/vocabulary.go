package steps

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/suggest"
)

// step is one row of the vocabulary.
type step struct {
	phrase  string   // in the words of a scenario, with placeholders, and what may be left out in brackets
	method  any      // takes a context if it wants one, what stands in place of each placeholder, and the table or text
	does    string   // what it is for, in a sentence
	columns []string // of the table that must follow; one that ends in ? may be left out, and … stands for any others
	text    string   // what the doc string that must follow holds
	example string   // a scenario that passes on Helm's starter chart

	containers bool // whether the example passes only where nodes run containers
}

// noun is a part of the vocabulary, the steps that are about one thing.
type noun struct {
	title string
	steps []step
}

// vocabulary is all steps, with the methods of s.
func (s *scenario) vocabulary() []noun {
	return []noun{
		{"Cluster", s.clusterSteps()},
		{"Helm", s.helmSteps()},
		{"Releases", slices.Concat(s.historySteps(), s.leftSteps())},
		{"Files", slices.Concat(s.fileSteps(), s.packageSteps())},
		{"Objects", slices.Concat(s.applySteps(), s.objectSteps(), s.configMapSteps(), s.noteSteps())},
		{"Workloads", slices.Concat(s.deploymentSteps(), s.podSteps(), s.workloadSteps(), s.watchSteps(), s.drainSteps())},
		{"Containers", s.containerSteps()},
		{"Network", slices.Concat(s.serviceSteps(), s.reachSteps())},
		{"Running containers", slices.Concat(s.insideSteps(), s.execSteps())},
		{"Requests", s.requestSteps()},
	}
}

// steps are all rows of the vocabulary, with the methods of s, in an order that is always the same.
func (s *scenario) steps() []step {
	var all []step
	for _, about := range s.vocabulary() {
		all = append(all, about.steps...)
	}
	return all
}

// phrase is what a step is known by before a scenario runs.
type phrase struct {
	step
	pattern *regexp.Regexp
}

// phrases are those of the whole vocabulary, in the order of its steps.
var phrases = sync.OnceValue(func() []phrase {
	var all []phrase
	for _, row := range newScenario(new(Suite)).steps() {
		all = append(all, phrase{row, regexp.MustCompile(pattern(row.phrase))})
	}
	return all
})

// Check says which steps of the scenarios of one feature the vocabulary does not have, and which are not used as they are meant, each
// with its place in the feature and what to write instead; nil when there are none. It needs no cluster.
//
// A suite that has steps of its own gives regular expressions for them as others.
func Check(feature *messages.GherkinDocument, scenarios []*messages.Pickle, others ...*regexp.Regexp) error {
	places := places(feature)
	said := map[string]bool{} // a step of a Background is in each of its scenarios
	var wrong []error
	for _, scenario := range scenarios {
		for _, step := range scenario.Steps {
			place := fmt.Sprintf("%s:%d", feature.Uri, places[step.AstNodeIds[0]])
			problem := misuse(step)
			if errors.Is(problem, errUndefined) && slices.ContainsFunc(others, func(o *regexp.Regexp) bool { return o.MatchString(step.Text) }) {
				continue
			}
			if problem != nil && !said[place+step.Text] {
				said[place+step.Text] = true
				wrong = append(wrong, fmt.Errorf("%s: %w", place, problem))
			}
		}
	}
	return errors.Join(wrong...)
}

// places are the lines of a feature's steps, by the IDs of their nodes.
func places(feature *messages.GherkinDocument) map[string]int64 {
	lines := map[string]int64{}
	note := func(steps []*messages.Step) {
		for _, step := range steps {
			lines[step.Id] = step.Location.Line
		}
	}
	child := func(background *messages.Background, scenario *messages.Scenario) {
		if background != nil {
			note(background.Steps)
		}
		if scenario != nil {
			note(scenario.Steps)
		}
	}
	for _, c := range feature.Feature.Children {
		child(c.Background, c.Scenario)
		if c.Rule != nil {
			for _, c := range c.Rule.Children {
				child(c.Background, c.Scenario)
			}
		}
	}
	return lines
}

var errUndefined = errors.New("there is no such step")

// misuse says how a step is not used as it is meant; nil when it is used rightly.
func misuse(step *messages.PickleStep) error {
	for _, known := range phrases() {
		if known.pattern.MatchString(step.Text) {
			if problem := known.misuse(step.Argument); problem != nil {
				return fmt.Errorf("`%s` %w\n%s", step.Text, problem, known.usage())
			}
			return nil
		}
	}
	return fmt.Errorf("%w as `%s`%s", errUndefined, step.Text, nearest(step.Text))
}

func (p phrase) misuse(given *messages.PickleStepArgument) error {
	switch {
	case p.columns == nil && given != nil && given.DataTable != nil:
		return errors.New("takes no table")
	case p.text == "" && given != nil && given.DocString != nil:
		return errors.New("takes no doc string")
	case p.columns != nil && (given == nil || given.DataTable == nil):
		return errors.New("needs a table below it")
	case p.text != "" && (given == nil || given.DocString == nil):
		return fmt.Errorf("needs a doc string below it: %s", p.text)
	case p.columns != nil:
		return p.wrongColumns(given.DataTable.Rows[0])
	}
	return nil
}

func (p phrase) wrongColumns(header *messages.PickleTableRow) error {
	var given, known []string
	for _, cell := range header.Cells {
		given = append(given, cell.Value)
	}
	for _, column := range p.columns {
		name, optional := strings.CutSuffix(column, "?")
		known = append(known, name)
		if !optional && name != anyOther && !slices.Contains(given, name) {
			return fmt.Errorf("needs the column %q in its table, whose first line is | %s |", name, strings.Join(given, " | "))
		}
	}
	for i, name := range given {
		if slices.Contains(given[:i], name) {
			return fmt.Errorf("has the column %q twice in its table", name)
		}
		if !slices.Contains(known, name) && !slices.Contains(known, anyOther) {
			return fmt.Errorf("has no use for the column %q in its table%s", name, suggest.For(name, known))
		}
	}
	return nil
}

// anyOther stands for columns that only the scenario knows the names of.
const anyOther = "…"

// usage is how a step is written: its phrase, and what must follow it.
func (s step) usage() string {
	usage := "Usage: " + s.phrase
	if s.columns != nil {
		usage += "\n         | " + strings.Join(s.columns, " | ") + " |"
	}
	if s.text != "" {
		usage += "\n         \"\"\"\n         " + s.text + "\n         \"\"\""
	}
	return usage
}
