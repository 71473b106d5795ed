package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// The hooks call scenarioStarted, scenarioEnded, stepStarted and stepEnded. If a step definition returns godog.Steps,
// those steps have no ID and count as part of the step that returned them.

func (r *Report) scenarioStarted(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.scenario(id); s != nil {
		s.started = r.now()
		r.live.started(s)
	}
}

func (r *Report) scenarioEnded(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.scenario(id); s != nil {
		s.finished = r.now()
		r.live.ended(s)
		r.settle(s)
	}
}

func (r *Report) stepStarted(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.step(id); st != nil {
		st.started = r.now()
	}
}

func (r *Report) stepEnded(id string, result status, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.step(id); st != nil {
		st.finished, st.status = r.now(), result
		if result != undefined && result != skipped && result != pending {
			st.err = err
		}
		r.settle(st.scenario)
	}
}

func (r *Report) scenario(id string) *scenario {
	if r.run == nil {
		return nil
	}
	return r.run.current().scenarios[id]
}

func (r *Report) step(id string) *step {
	if r.run == nil {
		return nil
	}
	return r.run.current().steps[id]
}

// formatter is the godog formatter of a Report. Its storage holds the features and the results of steps.
type formatter struct {
	*godog.BaseFmt
	report *Report
	dir    string // working directory; empty if unknown
}

func (r *Report) newFormatter(suite string, out io.Writer) godog.Formatter {
	f := &formatter{BaseFmt: godog.NewBaseFmt(suite, out), report: r}
	if dir, err := os.Getwd(); err == nil {
		f.dir = dir
	}
	return f
}

// TestRunStarted records the features and scenarios of the run.
func (f *formatter) TestRunStarted() {
	r := f.report
	r.mu.Lock()
	defer r.mu.Unlock()
	r.formatter = f
	first := r.run == nil
	if first {
		r.run = &run{}
		r.messages = openMessages(r.options.Dir)
	}
	var about Part
	if n := len(r.run.parts); n < len(r.options.Parts) {
		about = r.options.Parts[n]
	}
	r.run.start(about, r.now())
	if first {
		r.messages.runStarted(r.run)
	}
	if seed := os.Getenv("GODOG_SEED"); seed != "0" { // set by godog for its formatters
		r.run.seed = seed
	}
	for _, feature := range f.Storage.MustGetFeatures() {
		r.run.add(feature.GherkinDocument, feature.Pickles)
		r.messages.feature(r.run.current(), feature.GherkinDocument, feature.Content, feature.Pickles)
	}
	r.live.runStarted(r.run)
	if out := r.options.Failures; out != nil && about.Name != "" {
		fmt.Fprintf(out, "\n%s:\n", about.Name)
	}
}

// Pickle is called when a scenario begins. For a scenario without steps, godog calls nothing else.
func (f *formatter) Pickle(pickle *messages.Pickle) {
	if len(pickle.Steps) == 0 {
		now := f.report.now()
		f.report.mu.Lock()
		defer f.report.mu.Unlock()
		if s := f.report.scenario(pickle.Id); s != nil {
			s.started, s.finished = now, now
			f.report.conclude(s)
		}
	}
}

// Passed is called after a step, like the methods below. The result is read later from the storage.
func (f *formatter) Passed(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition) {
	f.stepDone(p, s)
}

// Skipped: see Passed.
func (f *formatter) Skipped(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition) {
	f.stepDone(p, s)
}

// Undefined: see Passed.
func (f *formatter) Undefined(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition) {
	f.stepDone(p, s)
}

// Pending: see Passed.
func (f *formatter) Pending(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition) {
	f.stepDone(p, s)
}

// Failed: see Passed.
func (f *formatter) Failed(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition, _ error) {
	f.stepDone(p, s)
}

// Ambiguous: see Passed.
func (f *formatter) Ambiguous(p *messages.Pickle, s *messages.PickleStep, _ *godog.StepDefinition, _ error) {
	f.stepDone(p, s)
}

// stepDone records that the last step of a scenario has a result. For undefined and skipped steps, that may be before
// the scenario's hooks have run.
func (f *formatter) stepDone(pickle *messages.Pickle, pickleStep *messages.PickleStep) {
	if pickleStep.Id != pickle.Steps[len(pickle.Steps)-1].Id {
		return
	}
	f.report.mu.Lock()
	defer f.report.mu.Unlock()
	if s := f.report.scenario(pickle.Id); s != nil {
		s.reported = true
		f.report.settle(s)
	}
}

// Summary is called at the end of the run.
func (f *formatter) Summary() {
	r := f.report
	r.mu.Lock()
	defer r.mu.Unlock()
	// Some last steps reach only the hooks: ambiguous steps after a failure, and steps that return godog.ErrUndefined.
	for _, s := range r.run.current().scenarios {
		if !s.concluded && !s.started.IsZero() {
			r.conclude(s)
		}
	}
	r.run.snippets = strings.TrimSpace(f.Snippets())
	r.run.finish(r.now())
	r.live.runFinished()
	if out := r.options.Failures; out != nil {
		r.printFailures(out)
	}
	r.formatter = nil // releases godog's storage
}

// readResults adds the results in godog's storage to a scenario: errors of hooks, attachments and step definitions.
func (f *formatter) readResults(s *scenario) {
	for _, result := range f.Storage.MustGetPickleStepResultsByPickleID(s.pickle.Id) {
		st := f.report.run.current().steps[result.PickleStepID]
		if st == nil {
			continue
		}
		st.status = statusOf(result.Status)
		if result.Err != nil {
			st.err = result.Err
		}
		for _, a := range result.Attachments {
			st.attachments = append(st.attachments, godog.Attachment{
				FileName: a.Name, MediaType: a.MimeType, Body: a.Data,
			})
		}
		if def := result.Def; def != nil && st.status != undefined {
			st.definition = &definition{
				expression: def.Expr.String(),
				file:       f.relative(def.File),
				line:       def.Line,
				groups:     groupsOf(def.Expr.FindStringSubmatchIndex(st.pickle.Text), st.pickle.Text),
			}
		}
	}
}

// groupsOf converts the result of FindStringSubmatchIndex. Groups that did not participate in the match are omitted.
func groupsOf(found []int, text string) []group {
	var groups []group
	for i := 2; i+1 < len(found); i += 2 {
		if found[i] >= 0 {
			groups = append(groups, group{start: found[i], value: text[found[i]:found[i+1]]})
		}
	}
	return groups
}

// relative returns the path of a source file relative to the working directory, if the file is below it.
func (f *formatter) relative(file string) string {
	if path, err := filepath.Rel(f.dir, file); err == nil && filepath.IsLocal(path) {
		return filepath.ToSlash(path)
	}
	return file
}

// settle concludes a scenario once both the hooks and the formatter have received its result.
func (r *Report) settle(s *scenario) {
	if !s.concluded && s.reported && !s.finished.IsZero() && !s.steps[len(s.steps)-1].finished.IsZero() {
		r.conclude(s)
	}
}

// conclude completes a scenario, and passes it to the message log and the live view.
func (r *Report) conclude(s *scenario) {
	r.formatter.readResults(s)
	s.conclude()
	if s.status == notRun {
		return
	}
	r.messages.scenario(s)
	r.live.concluded(s)
}
