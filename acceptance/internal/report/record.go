package report

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// What hooks tell. Steps that other steps are made of (godog.Steps) have no id, and are part of those.

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
	return r.run.scenarios[id]
}

func (r *Report) step(id string) *step {
	if r.run == nil {
		return nil
	}
	return r.run.steps[id]
}

// formatter is what godog tells of a run. With it comes godog's storage, which holds the features, and the results of steps.
type formatter struct {
	*godog.BaseFmt
	report *Report
	here   string // the folder that the process is in; "" where that is not known
}

func (r *Report) newFormatter(suite string, out io.Writer) godog.Formatter {
	f := &formatter{BaseFmt: godog.NewBaseFmt(suite, out), report: r}
	if here, err := os.Getwd(); err == nil {
		f.here = here
	}
	return f
}

// TestRunStarted takes stock of what there is to run.
func (f *formatter) TestRunStarted() {
	r := f.report
	r.mu.Lock()
	defer r.mu.Unlock()
	r.formatter = f
	r.run = newRun(r.now())
	if seed := os.Getenv("GODOG_SEED"); seed != "0" { // where godog leaves it for formatters
		r.run.seed = seed
	}
	r.messages = openMessages(r.options.Dir)
	r.messages.runStarted(r.run)
	for _, feature := range f.Storage.MustGetFeatures() {
		r.run.add(feature.GherkinDocument, feature.Pickles)
		r.messages.feature(feature.GherkinDocument, feature.Content, feature.Pickles)
	}
	r.live.runStarted(r.run)
}

// Pickle tells that a scenario begins, which is also all that godog tells of one without steps.
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

// Passed tells of a step, as those that follow do. What became of it is read later, from the storage.
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

// stepDone takes note of the result of a scenario's last step. That may come before its hooks have run: of undefined steps, and those skipped after a failure.
func (f *formatter) stepDone(pickle *messages.Pickle, pickleStep *messages.PickleStep) {
	if pickleStep.Id != pickle.Steps[len(pickle.Steps)-1].Id {
		return
	}
	f.report.mu.Lock()
	defer f.report.mu.Unlock()
	if s := f.report.scenario(pickle.Id); s != nil {
		s.told = true
		f.report.settle(s)
	}
}

// Summary tells that the run is over.
func (f *formatter) Summary() {
	r := f.report
	r.mu.Lock()
	defer r.mu.Unlock()
	// A last step may have been told by hooks only: an ambiguous one after a failure, or one that returned godog.ErrUndefined.
	for _, s := range r.run.scenarios {
		if !s.over && !s.started.IsZero() {
			r.conclude(s)
		}
	}
	r.run.snippets = strings.TrimSpace(f.Snippets())
	r.run.finished = r.now()
	r.messages.runFinished(r.run)
	r.live.runFinished()
	if out := r.options.Failures; out != nil {
		r.printFailures(out)
	}
	r.formatter = nil // and with it godog's storage
}

// readResults completes what hooks told of a scenario with what godog stored: errors of hooks, attachments, step definitions.
func (f *formatter) readResults(s *scenario) {
	for _, result := range f.Storage.MustGetPickleStepResultsByPickleID(s.pickle.Id) {
		st := f.report.run.steps[result.PickleStepID]
		if st == nil {
			continue
		}
		st.status = statusOf(result.Status)
		if result.Err != nil {
			st.err = result.Err
		}
		for _, a := range result.Attachments {
			st.attachments = append(st.attachments, godog.Attachment{FileName: a.Name, MediaType: a.MimeType, Body: a.Data})
		}
		if def := result.Def; def != nil && st.status != undefined {
			st.definition = &definition{
				expression: def.Expr.String(),
				file:       f.fromHere(def.File),
				line:       def.Line,
				groups:     groupsOf(def.Expr.FindStringSubmatchIndex(st.pickle.Text), st.pickle.Text),
			}
		}
	}
}

// groupsOf reads what FindStringSubmatchIndex found in text, without the groups that took no part in the match.
func groupsOf(found []int, text string) []group {
	var groups []group
	for i := 2; i+1 < len(found); i += 2 {
		if found[i] >= 0 {
			groups = append(groups, group{start: found[i], value: text[found[i]:found[i+1]]})
		}
	}
	return groups
}

// fromHere shortens the path of a source file to one from the current folder, where the file is below it.
func (f *formatter) fromHere(file string) string {
	if path, err := filepath.Rel(f.here, file); err == nil && filepath.IsLocal(path) {
		return filepath.ToSlash(path)
	}
	return file
}

// settle concludes a scenario once hooks and formatter have said all there is to it.
func (r *Report) settle(s *scenario) {
	if !s.over && s.told && !s.finished.IsZero() && !s.steps[len(s.steps)-1].finished.IsZero() {
		r.conclude(s)
	}
}

// conclude ends a scenario, and tells who wants to know.
func (r *Report) conclude(s *scenario) {
	r.formatter.readResults(s)
	s.conclude()
	if s.status == notRun {
		return
	}
	r.messages.scenario(s)
	r.live.concluded(s)
}
