package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/gherkin"
)

// run is a run of a suite: its features and scenarios, and their results so far. If the suite runs several times, it
// has the features of each part.
type run struct {
	started, finished time.Time // finished is zero while a part runs
	seed              string    // of the random order; empty without one
	snippets          string    // Go code for undefined steps
	parts             []*part
	features          []*feature
}

// part is one run of the suite by godog, whose IDs are unique only within it.
type part struct {
	Part
	started, finished time.Time
	features          int                  // number of them
	scenarios         map[string]*scenario // by pickle ID
	steps             map[string]*step     // by pickle step ID
	names             map[string]int       // number of scenarios by name
}

// feature is one feature file in a part.
type feature struct {
	part      *part
	document  *messages.GherkinDocument
	file      string // path
	scenarios []*scenario
}

// scenario is one scenario, or one row of a Scenario Outline: a pickle in Cucumber's terms.
type scenario struct {
	pickle            *messages.Pickle
	feature           *feature
	keyword           string
	rule              string // name of the rule that contains the scenario, if any
	description       string
	row               int    // of an outline, from 1; 0 for a scenario
	example           string // cells of the row: "column: cell, …"
	line              int64
	steps             []*step
	status            status
	started, finished time.Time
	reported          bool // the formatter has received the result of the last step
	concluded         bool // the result is complete
}

// step is one step of a scenario or of its backgrounds.
type step struct {
	pickle            *messages.PickleStep
	scenario          *scenario
	keyword           string
	line              int64
	background        bool
	status            status
	err               error
	started, finished time.Time
	definition        *definition // nil for an undefined step
	attachments       []godog.Attachment
}

// definition is the step definition that a step matched.
type definition struct {
	expression string
	file       string
	line       int
	groups     []group
}

// group is a match of a capturing group in the text of a step.
type group struct {
	start int // byte offset
	value string
}

// status is the result of a step or a scenario. The status of a scenario is the worst status of its steps. The
// constants are in Cucumber's order, from good to bad.
type status int

const (
	notRun status = iota
	passed
	skipped
	pending
	undefined
	ambiguous
	failed
)

func (s status) String() string {
	return [...]string{"not run", "passed", "skipped", "pending", "undefined", "ambiguous", "failed"}[s]
}

// bad reports whether the status fails the run, as in godog's strict mode.
func (s status) bad() bool { return s >= pending }

// statusOf converts godog's status of a step.
func statusOf(s godog.StepResultStatus) status {
	switch s {
	case godog.StepPassed:
		return passed
	case godog.StepSkipped:
		return skipped
	case godog.StepPending:
		return pending
	case godog.StepUndefined:
		return undefined
	case godog.StepAmbiguous:
		return ambiguous
	default:
		return failed
	}
}

// start starts a part of the run.
func (r *run) start(about Part, now time.Time) {
	if len(r.parts) == 0 {
		r.started = now
	}
	r.finished = time.Time{}
	r.parts = append(r.parts, &part{
		Part: about, started: now,
		scenarios: map[string]*scenario{}, steps: map[string]*step{}, names: map[string]int{},
	})
}

// finish ends the current part, and the run if no other part follows.
func (r *run) finish(now time.Time) { r.finished, r.current().finished = now, now }

// current returns the part that runs, or the last one that ran.
func (r *run) current() *part { return r.parts[len(r.parts)-1] }

// add adds a feature and its scenarios to the current part of the run.
func (r *run) add(document *messages.GherkinDocument, pickles []*messages.Pickle) {
	p := r.current()
	f := &feature{part: p, document: document, file: withoutLine(document.Uri)}
	nodes := nodesOf(document)
	for _, pickle := range pickles {
		first, last := nodes[pickle.AstNodeIds[0]], nodes[pickle.AstNodeIds[len(pickle.AstNodeIds)-1]]
		s := &scenario{
			pickle: pickle, feature: f, keyword: first.keyword, rule: first.rule, description: first.description,
			row: last.row, example: last.example, line: last.line,
		}
		for _, pickleStep := range pickle.Steps {
			node := nodes[pickleStep.AstNodeIds[0]]
			st := &step{
				pickle: pickleStep, scenario: s, keyword: strings.TrimSpace(node.keyword), line: node.line,
				background: node.background,
			}
			s.steps = append(s.steps, st)
			p.steps[pickleStep.Id] = st
		}
		f.scenarios = append(f.scenarios, s)
		p.scenarios[pickle.Id] = s
		p.names[pickle.Name]++
	}
	p.features++
	r.features = append(r.features, f)
}

// withoutLine removes the line number of a path that selects one scenario of a file, such as "x.feature:12".
func withoutLine(uri string) string {
	if i := strings.LastIndex(uri, ".feature:"); i >= 0 {
		return uri[:i+len(".feature")]
	}
	return uri
}

// node is a scenario, a step or a row of examples in a feature file, to which pickles refer by ID.
type node struct {
	keyword, rule, description string
	line                       int64
	background                 bool
	row                        int
	example                    string
}

// nodesOf returns the nodes of a feature file by ID.
func nodesOf(document *messages.GherkinDocument) map[string]node {
	nodes := map[string]node{}
	for found := range gherkin.Nodes(document) {
		for _, s := range found.Steps() {
			nodes[s.Id] = node{keyword: s.Keyword, line: s.Location.Line, background: found.Background != nil}
		}
		if s := found.Scenario; s != nil {
			scenario := node{keyword: s.Keyword, description: s.Description, line: s.Location.Line}
			if found.Rule != nil {
				scenario.rule = found.Rule.Name
			}
			nodes[s.Id] = scenario
			addRows(nodes, s.Examples)
		}
	}
	return nodes
}

// addRows adds the rows of all examples of an outline.
func addRows(nodes map[string]node, tables []*messages.Examples) {
	number := 0
	for _, examples := range tables {
		for _, row := range examples.TableBody {
			number++
			var cells []string
			for i, cell := range row.Cells {
				cells = append(cells, examples.TableHeader.Cells[i].Value+": "+cell.Value)
			}
			nodes[row.Id] = node{line: row.Location.Line, row: number, example: strings.Join(cells, ", ")}
		}
	}
}

// conclude completes the scenario with the worst status of its steps. Like godog, it treats a scenario without steps as
// undefined.
func (s *scenario) conclude() {
	s.concluded = true
	for _, st := range s.steps {
		s.status = max(s.status, st.status)
		if st.finished.After(s.finished) {
			s.finished = st.finished // skipped steps follow the After hooks of a failed scenario
		}
	}
	if len(s.steps) == 0 {
		s.status = undefined
	}
}

// name returns the title of the scenario, with the part of the run.
func (s *scenario) name() string { return s.feature.part.of(s.title()) }

// title returns the name of the scenario in its feature file, with the number of the row for an outline.
func (s *scenario) title() string {
	if s.row > 0 {
		return fmt.Sprintf("%s (row %d)", s.pickle.Name, s.row)
	}
	return s.pickle.Name
}

// name returns the name of the feature, with the part of the run.
func (f *feature) name() string { return f.part.of(f.document.Feature.Name) }

// of adds the name of the part to that of a feature or scenario.
func (p *part) of(name string) string {
	if p.Name == "" {
		return name
	}
	return fmt.Sprintf("%s [%s]", name, p.Name)
}

// title returns the start of a line about the part, which is empty if it is the only one.
func (p *part) title() string {
	if p.Name == "" {
		return ""
	}
	return p.Name + ": "
}

// location returns the position of the scenario as "file:line".
func (s *scenario) location() string { return fmt.Sprintf("%s:%d", s.feature.file, s.line) }

// duration returns the time that the scenario took, including cleanup.
func (s *scenario) duration() time.Duration { return s.finished.Sub(s.started) }

// failedStep returns the step that determined the bad status of the scenario, or nil.
func (s *scenario) failedStep() *step {
	for _, st := range s.steps {
		if st.status == s.status && st.status.bad() {
			return st
		}
	}
	return nil
}

// cause returns the reason why the scenario did not pass, and the line of the feature file to show with it.
func (s *scenario) cause() (line int64, cause string) {
	if st := s.failedStep(); st != nil {
		return st.line, st.cause()
	}
	return s.line, "the scenario has no steps"
}

func (st *step) duration() time.Duration { return st.finished.Sub(st.started) }

// phrase returns the step with its keyword, and with the values of an outline's parameters.
func (st *step) phrase() string { return st.keyword + " " + st.pickle.Text }

// headline returns the first lines of the cause, for lists.
func (s *scenario) headline() string {
	const maxLines = 3
	_, text := s.cause()
	if st := s.failedStep(); st != nil && st.err != nil {
		text = strings.TrimSpace(st.err.Error()) // without the stack of a panic
	}
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(maxLines, len(lines))], "\n")
}

// cause returns the reason why the step did not pass, or "" if it passed.
func (st *step) cause() string {
	switch {
	case st.err != nil:
		return errorText(st.err)
	case st.status == undefined:
		return "no step definition matches this step"
	case st.status == pending:
		return "the step definition is pending"
	}
	return ""
}

// errorText returns the text of an error, with the stack trace if a step panicked.
func errorText(err error) string {
	if fmt.Sprintf("%T", err) == "*godog.traceError" {
		return strings.TrimSpace(fmt.Sprintf("%+v", err))
	}
	return strings.TrimSpace(err.Error())
}

// ran returns the scenarios that ran, in file order. `go test -run` and godog's stop-on-failure may exclude some.
func (r *run) ran() []*scenario {
	var ran []*scenario
	for _, f := range r.features {
		ran = append(ran, f.ran()...)
	}
	return ran
}

func (f *feature) ran() []*scenario {
	var ran []*scenario
	for _, s := range f.scenarios {
		if s.concluded && s.status != notRun {
			ran = append(ran, s)
		}
	}
	return ran
}

// bad returns the scenarios that fail the run.
func (r *run) bad() []*scenario {
	return slices.DeleteFunc(r.ran(), func(s *scenario) bool { return !s.status.bad() })
}

// counts returns the number of scenarios by status, and in total.
func (r *run) counts() (counts tally, total int) {
	counts = tally{}
	for _, p := range r.parts {
		total += len(p.scenarios)
		for status, n := range p.counts() {
			counts[status] += n
		}
	}
	return counts, total
}

// took returns the time of the part.
func (p *part) took() string { return elapsed(p.finished.Sub(p.started)) }

func (p *part) counts() tally {
	counts := tally{}
	for _, s := range p.scenarios {
		counts[s.status]++
	}
	return counts
}

// worstFirst lists the statuses in the order of their importance to readers.
var worstFirst = []status{failed, ambiguous, undefined, pending, skipped, passed, notRun}

// tally is the number of scenarios by status.
type tally map[status]int

// String returns, for example, "2 failed, 98 passed".
func (t tally) String() string {
	var counts []string
	for _, s := range worstFirst {
		if t[s] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", t[s], s))
		}
	}
	return strings.Join(counts, ", ")
}

// bad reports whether a scenario fails the run.
func (t tally) bad() bool {
	return slices.ContainsFunc(worstFirst, func(s status) bool { return s.bad() && t[s] > 0 })
}

// verdict summarizes the result of the run.
func (r *run) verdict() string {
	counts, total := r.counts()
	switch bad := len(r.bad()); {
	case bad > 0:
		return fmt.Sprintf("%d of %s failed", bad, count(total, "scenario"))
	case counts[passed] == total:
		return count(total, "scenario") + " passed"
	default:
		return fmt.Sprintf("%s, none failed: %s", count(total, "scenario"), counts)
	}
}

// slowest returns the n slowest scenarios, the slowest first.
func (r *run) slowest(n int) []*scenario {
	ran := r.ran()
	slices.SortStableFunc(ran, func(a, b *scenario) int { return cmp.Compare(b.duration(), a.duration()) })
	return ran[:min(n, len(ran))]
}

// untimed reports whether scenarios with steps ran without the hooks that time them.
func (r *run) untimed() bool {
	for _, p := range r.parts {
		for _, s := range p.scenarios {
			if s.reported && s.started.IsZero() {
				return true
			}
		}
	}
	return false
}

// count returns a number with its noun: "1 scenario", "2 scenarios".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// elapsed formats a duration with about three significant digits: "12ms", "3.42s", "2m05s".
func elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2fs", d.Seconds())
	default:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}
