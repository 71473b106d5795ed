package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// run is one run of a suite: what there is to run, and what became of it so far.
type run struct {
	started, finished time.Time // finished is zero while it runs
	seed              string    // of the random order; "" where the order is not random
	snippets          string    // Go code for the steps that have no definition
	features          []*feature
	scenarios         map[string]*scenario // by the ids of their pickles
	steps             map[string]*step     // by the ids of their pickle steps
	names             map[string]int       // how many scenarios have a name
}

// feature is one feature file.
type feature struct {
	document  *messages.GherkinDocument
	file      string // its path
	scenarios []*scenario
}

// scenario is one scenario, or one row of an outline: what Cucumber calls a pickle.
type scenario struct {
	pickle            *messages.Pickle
	feature           *feature
	keyword, rule     string // rule is the name of the rule that it stands under, or ""
	description       string
	row               int    // of an outline, from 1; 0 for a scenario
	example           string // what is in that row: "column: cell, …"
	line              int64
	steps             []*step
	status            status
	started, finished time.Time
	told              bool // godog's formatter was told the result of its last step
	over              bool // all is known of it
}

// step is one step of a scenario, those of backgrounds included.
type step struct {
	pickle            *messages.PickleStep
	scenario          *scenario
	keyword           string
	line              int64
	background        bool
	status            status
	err               error
	started, finished time.Time
	definition        *definition // nil where there is none
	attachments       []godog.Attachment
}

// definition is what a step matched.
type definition struct {
	expression string
	file       string
	line       int
	groups     []group
}

// group is one group of a definition's expression: what it matched in the text of the step, and at which byte.
type group struct {
	start int
	value string
}

// status is what became of a step, or of a scenario: then it is the worst of its steps. From good to bad, in Cucumber's order.
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

// bad says whether a run with such a scenario failed, as in godog's strict mode.
func (s status) bad() bool { return s >= pending }

// statusOf translates godog's status of a step.
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

func newRun(started time.Time) *run {
	return &run{started: started, scenarios: map[string]*scenario{}, steps: map[string]*step{}, names: map[string]int{}}
}

// add makes a feature and its scenarios part of the run.
func (r *run) add(document *messages.GherkinDocument, pickles []*messages.Pickle) {
	f := &feature{document: document, file: withoutLine(document.Uri)}
	nodes := nodesOf(document.Feature)
	for _, pickle := range pickles {
		first, last := nodes[pickle.AstNodeIds[0]], nodes[pickle.AstNodeIds[len(pickle.AstNodeIds)-1]]
		s := &scenario{
			pickle: pickle, feature: f, keyword: first.keyword, rule: first.rule, description: first.description,
			row: last.row, example: last.example, line: last.line,
		}
		for _, pickleStep := range pickle.Steps {
			node := nodes[pickleStep.AstNodeIds[0]]
			st := &step{pickle: pickleStep, scenario: s, keyword: strings.TrimSpace(node.keyword), line: node.line, background: node.background}
			s.steps = append(s.steps, st)
			r.steps[pickleStep.Id] = st
		}
		f.scenarios = append(f.scenarios, s)
		r.scenarios[pickle.Id] = s
		r.names[pickle.Name]++
	}
	r.features = append(r.features, f)
}

// withoutLine removes the line number of a path that asks for one scenario of a file: "x.feature:12".
func withoutLine(uri string) string {
	if i := strings.LastIndex(uri, ".feature:"); i >= 0 {
		return uri[:i+len(".feature")]
	}
	return uri
}

// node is what a pickle's references to the feature file lead to: a scenario, a step or a row of examples.
type node struct {
	keyword, rule, description string
	line                       int64
	background                 bool
	row                        int
	example                    string
}

// nodesOf returns what stands in a feature file, by id.
func nodesOf(f *messages.Feature) map[string]node {
	nodes := map[string]node{}
	for _, child := range f.Children {
		addNodes(nodes, "", child.Background, child.Scenario)
		if child.Rule != nil {
			for _, grandchild := range child.Rule.Children {
				addNodes(nodes, child.Rule.Name, grandchild.Background, grandchild.Scenario)
			}
		}
	}
	return nodes
}

// addNodes adds what one child of a feature or of a rule holds; one of background and s is nil.
func addNodes(nodes map[string]node, rule string, background *messages.Background, s *messages.Scenario) {
	if background != nil {
		addSteps(nodes, background.Steps, true)
	}
	if s == nil {
		return
	}
	nodes[s.Id] = node{keyword: s.Keyword, rule: rule, description: s.Description, line: s.Location.Line}
	addSteps(nodes, s.Steps, false)
	number := 0
	for _, examples := range s.Examples {
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

func addSteps(nodes map[string]node, steps []*messages.Step, background bool) {
	for _, s := range steps {
		nodes[s.Id] = node{keyword: s.Keyword, line: s.Location.Line, background: background}
	}
}

// conclude takes the scenario for over, with the worst status of its steps. Like godog, it takes a scenario without steps for undefined.
func (s *scenario) conclude() {
	s.over = true
	for _, st := range s.steps {
		s.status = max(s.status, st.status)
		if st.finished.After(s.finished) {
			s.finished = st.finished // skipped steps come after the hooks that end a failed scenario
		}
	}
	if len(s.steps) == 0 {
		s.status = undefined
	}
}

// name names the scenario, and which row it is where several share the name.
func (s *scenario) name() string {
	if s.row > 0 {
		return fmt.Sprintf("%s (row %d)", s.pickle.Name, s.row)
	}
	return s.pickle.Name
}

// location is where the scenario stands, as "file:line".
func (s *scenario) location() string { return fmt.Sprintf("%s:%d", s.feature.file, s.line) }

// duration is the time that the scenario took, the cleaning up after it included.
func (s *scenario) duration() time.Duration { return s.finished.Sub(s.started) }

// culprit is the step that the scenario failed at, or nil.
func (s *scenario) culprit() *step {
	for _, st := range s.steps {
		if st.status == s.status && st.status.bad() {
			return st
		}
	}
	return nil
}

// cause says why the scenario did not pass, and which line of its feature file that is about.
func (s *scenario) cause() (line int64, cause string) {
	if st := s.culprit(); st != nil {
		return st.line, st.cause()
	}
	return s.line, "the scenario has no steps"
}

func (st *step) duration() time.Duration { return st.finished.Sub(st.started) }

// phrase is the step as its feature file has it, but for the parameters of outlines.
func (st *step) phrase() string { return st.keyword + " " + st.pickle.Text }

// headline is the start of why the scenario did not pass: as much of it as fits a list.
func (s *scenario) headline() string {
	const most = 3
	_, text := s.cause()
	if st := s.culprit(); st != nil && st.err != nil {
		text = strings.TrimSpace(st.err.Error()) // without the stack of a panic
	}
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(most, len(lines))], "\n")
}

// cause says why the step did not pass; "" where it did.
func (st *step) cause() string {
	switch {
	case st.err != nil:
		return errorText(st.err)
	case st.status == undefined:
		return "no step definition matches this step"
	case st.status == pending:
		return "the step definition says that it is not written yet"
	}
	return ""
}

// errorText is what an error says. The stack is part of it where a step panicked, as nothing else says where.
func errorText(err error) string {
	if fmt.Sprintf("%T", err) == "*godog.traceError" {
		return strings.TrimSpace(fmt.Sprintf("%+v", err))
	}
	return strings.TrimSpace(err.Error())
}

// ran returns the scenarios that ran, in the order of their files. `go test -run` and godog's stop-on-failure leave some out.
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
		if s.over && s.status != notRun {
			ran = append(ran, s)
		}
	}
	return ran
}

// bad returns the scenarios that failed the run.
func (r *run) bad() []*scenario {
	return slices.DeleteFunc(r.ran(), func(s *scenario) bool { return !s.status.bad() })
}

// counts returns how many scenarios came to which status, and how many there are.
func (r *run) counts() (counts map[status]int, total int) {
	counts = map[status]int{}
	for _, s := range r.scenarios {
		counts[s.status]++
	}
	return counts, len(r.scenarios)
}

// worstFirst are the statuses in the order in which people want to know.
var worstFirst = []status{failed, ambiguous, undefined, pending, skipped, passed, notRun}

// tally says in words how many scenarios came to which status: "2 failed, 98 passed".
func (r *run) tally() string {
	counts, _ := r.counts()
	var parts []string
	for _, s := range worstFirst {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

// verdict says in a few words how the run went.
func (r *run) verdict() string {
	counts, total := r.counts()
	switch bad := len(r.bad()); {
	case bad > 0:
		return fmt.Sprintf("%d of %s failed", bad, count(total, "scenario"))
	case counts[passed] == total:
		return count(total, "scenario") + " passed"
	default:
		return fmt.Sprintf("%s, none failed: %s", count(total, "scenario"), r.tally())
	}
}

// slowest returns the n scenarios that took the most time, the slowest first.
func (r *run) slowest(n int) []*scenario {
	ran := r.ran()
	slices.SortStableFunc(ran, func(a, b *scenario) int { return cmp.Compare(b.duration(), a.duration()) })
	return ran[:min(n, len(ran))]
}

// untimed says whether scenarios with steps ran without the hooks that time them.
func (r *run) untimed() bool {
	for _, s := range r.scenarios {
		if s.told && s.started.IsZero() {
			return true
		}
	}
	return false
}

// count is a number with its noun: "1 scenario", "2 scenarios".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// elapsed writes a duration with the precision that people read: "12ms", "3.42s", "2m05s".
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
