package steps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/steps/vocabulary"
)

// Step is a step of the vocabulary: its phrase, the function behind it, its documentation and its effects. The
// built-in steps are of this type, and the steps that a suite adds with Scenario.Step.
type Step = vocabulary.Row

// Effects is a set of the effects below.
type Effects = vocabulary.Effects

// Effects of steps.
const (
	// NeedsContainers is the effect of a step that shows something only on nodes that run containers. A scenario with
	// such a step is skipped on simulated nodes, like one with the tag Containers.
	NeedsContainers Effects = 1 << iota
	// ReplacesPods is the effect of a step that replaces pods which an earlier step made, so that the nodes need room
	// for both for a while.
	ReplacesPods
	// ComparesPods is the effect of a step that compares pods with those from before the last Helm command.
	ComparesPods
	// RunsHelm is the effect of a step whose placeholder COMMAND is a Helm command line. Its further effects, and the
	// namespace that it uses, are those of the command.
	RunsHelm
)

// AnyOther in Step.Columns stands for further columns of any name.
const AnyOther = vocabulary.AnyOther

// OwnSteps registers the steps that a suite adds to the built-in ones. It is called for each scenario, and gives s the
// steps that are documented, or sc plain ones. It is also called to list the steps before there is a cluster: only
// the functions behind the steps may use the other methods of s.
type OwnSteps func(sc *godog.ScenarioContext, s *Scenario)

// grammar defines the placeholders of all phrases.
var grammar = vocabulary.NewGrammar(
	map[string]string{
		"WORKLOAD": `((?:deployment|statefulset|daemonset|job)/\S+?)`,
		"SERVICE":  `(service/\S+)`,
		"PORT":     `(\S+)`,
		"KIND":     `([A-Za-z][A-Za-z0-9.-]*)`,
		"RESOURCE": `([A-Za-z][A-Za-z0-9.-]*(?:/[a-z]+)?)`,
		"VERBS":    `([a-z]+(?:(?:, |,? and |,? or )[a-z]+)*)`,
		"MAP":      `(configmap|secret)`,
		"COMMAND":  `(\S.*)`,
		"FORMAT":   `(yaml|json)`,
		`"CEL"`:    `"(.*?)"`,
	},
	vocabulary.Rewrite{Pattern: regexp.MustCompile(`\b(I \w+ h\w+) .+`), To: "$1 COMMAND"},
	vocabulary.Rewrite{Pattern: regexp.MustCompile(`\b[a-z]+/\S+\b`), To: "WORKLOAD"},
	vocabulary.Rewrite{Pattern: regexp.MustCompile(`\b(the|an?|no) ([A-Za-z]+) ""`), To: `$1 KIND ""`},
)

// nouns returns the built-in steps, as the functions of a scenario.
func nouns(s *scenario) []vocabulary.Noun {
	view, containers := s.cluster, s.streams.containers
	helm := helmSteps{s.helm, s.attempts}
	return []vocabulary.Noun{
		{Title: "Cluster", Rows: clusterSteps{view}.rows()},
		{Title: "Helm", Rows: slices.Concat(helm.rows(), printedSteps{helm, view.resources}.rows())},
		{Title: "Releases", Rows: slices.Concat(historySteps{s.helm}.rows(), leftoverSteps{view, s.helm}.rows())},
		{Title: "Files", Rows: slices.Concat(fileSteps{s.scratch, s.paths}.rows(), packageSteps{s.scratch}.rows())},
		{Title: "Objects", Rows: slices.Concat(
			objectSteps{view, s.sender}.rows(), configMapSteps{view}.rows(), noteSteps{view, map[string]any{}}.rows(),
		)},
		{Title: "Workloads", Rows: slices.Concat(
			workloadSteps{view, s.helm}.rows(), watchSteps{s.recorders}.rows(), drainSteps{view, s.attempts}.rows(),
		)},
		{Title: "Containers", Rows: templateSteps{view}.rows()},
		{Title: "Permissions", Rows: accessSteps{view}.rows()},
		{Title: "Network", Rows: slices.Concat(serviceSteps{view}.rows(), policySteps{view}.rows())},
		{Title: "Running containers", Rows: slices.Concat(
			insideSteps{view, containers}.rows(), execSteps{view, containers}.rows(),
		)},
		{Title: "Requests", Rows: slices.Concat(requestSteps{view, containers}.rows(), streamSteps{s.streams}.rows())},
	}
}

// builtIn returns the built-in steps for a vocabulary. Their methods cannot run.
var builtIn = sync.OnceValue(func() []vocabulary.Noun { return nouns(newScenario(new(Suite).own())) })

// Vocabulary is the steps that the scenarios of a suite may use: the built-in ones and the suite's own. It needs no
// cluster. It is safe for concurrent use.
type Vocabulary struct {
	steps *vocabulary.Vocabulary
	own   OwnSteps
}

// NewVocabulary returns the vocabulary of a suite with these steps of its own; nil is none. It fails if one of them
// cannot be used, or if it matches the same text as another step.
func NewVocabulary(own OwnSteps) (*Vocabulary, error) {
	nouns := builtIn()
	var expressions []vocabulary.Expression
	if own != nil {
		added := vocabulary.Noun{Title: "Own steps"}
		var err error
		expressions, err = listExpressions(func(sc *godog.ScenarioContext) {
			own(sc, &Scenario{register: func(step Step) { added.Rows = append(added.Rows, step) }})
		})
		if err != nil {
			return nil, err
		}
		if len(added.Rows) > 0 {
			nouns = append(slices.Clip(nouns), added)
		}
	}
	steps, err := vocabulary.New(grammar, nouns, expressions...)
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	return &Vocabulary{steps, own}, nil
}

// definition finds a step in the list that godog prints of them: its expression, and the place that defines it.
var definition = regexp.MustCompile(`(?m)^(.*?) +# (\S+:\d+) -> .*$`)

// colors finds the escape sequences for colors, which godog's list always has.
var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// listExpressions returns the expressions that initialize registers. godog tells them only by printing them.
func listExpressions(initialize func(*godog.ScenarioContext)) (all []vocabulary.Expression, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case registrationError:
			err = fmt.Errorf("steps: %w", cause)
		default:
			panic(cause)
		}
	}()
	var printed bytes.Buffer
	godog.TestSuite{
		ScenarioInitializer: initialize,
		Options:             &godog.Options{ShowStepDefinitions: true, Format: "progress", Output: &printed},
	}.Run()
	for _, found := range definition.FindAllStringSubmatch(colors.ReplaceAllString(printed.String(), ""), -1) {
		pattern, err := regexp.Compile(found[1])
		if err != nil {
			return nil, fmt.Errorf("steps: the step `%s` in %s: %w", found[1], found[2], err)
		}
		all = append(all, vocabulary.Expression{Pattern: pattern, Source: found[2]})
	}
	return all, nil
}

// Check returns an error for each step of these scenarios of one feature that the vocabulary does not have, that is
// ambiguous, or that is misused, each with its file and line and a proposal.
func (v *Vocabulary) Check(feature *messages.GherkinDocument, scenarios []*messages.Pickle) error {
	return v.steps.Check(feature, scenarios)
}

// Define registers all steps with sc, so that godog can list them. They cannot run: see Register for that.
func (v *Vocabulary) Define(sc *godog.ScenarioContext) {
	for _, row := range v.steps.Rows() {
		sc.Step(grammar.Pattern(row.Phrase), row.Method)
	}
	if v.own != nil {
		v.own(sc, &Scenario{register: func(Step) {}})
	}
}

// introduction explains how to read the page of all steps.
const introduction = "<!-- Generated from the rows of all steps. -->\n\n# Steps\n\n" +
	"Scenarios for any chart can use these steps. A word in capitals is a placeholder for a value, and a part in\n" +
	"brackets is optional.\n\n" +
	"- `WORKLOAD` is `deployment/NAME`, `statefulset/NAME`, `daemonset/NAME` or `job/NAME`.\n" +
	"- `KIND` is a kind as kubectl takes it: `configmap`, `ConfigMap`, `cm`, `networkpolicies.networking.k8s.io`, …\n" +
	"- `RESOURCE` is a kind, or a subresource such as `pods/log`.\n" +
	"- `VERBS` is one verb or several: `get`, `get and list`, `create or delete`.\n" +
	"- `NAMES` is one name or several: `a`, `a and b`, `a, b and c`.\n" +
	"- A step that names no namespace uses the suite's.\n" +
	"- A table has the columns that are shown, in any order. A column with a `?` is optional.\n" +
	"- Each example is a scenario that passes for the chart of `helm create shop`. The steps under \"Running " +
	"containers\"\n" +
	"  and \"Requests\" need nodes that run containers. On simulated nodes, scenarios that use them are skipped.\n\n"

// WritePage writes the documentation of all steps in Markdown, grouped by noun.
func (v *Vocabulary) WritePage(w io.Writer) error { return v.steps.WritePage(w, introduction) }

// misused returns an error for the steps of a scenario that are not used as they are meant, before any of them runs.
// Unknown steps are left to godog.
func (v *Vocabulary) misused(steps []*messages.PickleStep) error {
	for _, step := range steps {
		if err := v.steps.CheckStep(step); err != nil && !errors.Is(err, vocabulary.ErrUnknown) {
			return err
		}
	}
	return nil
}
