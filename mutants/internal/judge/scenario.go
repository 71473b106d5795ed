package judge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/gherkin"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps"
)

// scenario is a scenario, or all rows of a Scenario Outline.
type scenario struct {
	path     string // FILE:LINE, for godog
	title    string // with the name of the feature file
	words    map[string]bool
	duration time.Duration
	kills    map[string]int // by the part that differed

	identity    string          // everything that its outcome depends on, except the mutant
	commands    map[string]bool // the Helm commands that it runs, such as install
	readsOutput bool            // a step looks at what Helm prints
}

// record runs all scenarios with the unchanged chart, and records their commands.
func (j *judge) record(ctx context.Context, on cluster.Provider) error {
	recorder := new(steps.Recorder)
	session, err := j.Suite.Begin(ctx, on, steps.Options{ChartSource: j.chart, Wait: j.Wait, Recorder: recorder})
	if session != nil {
		defer func() { _ = session.Close(context.WithoutCancel(ctx)) }()
	}
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var failed []error
	durations := map[string]time.Duration{}
	options := j.godog(j.Suite.Features)
	options.Concurrency = cap(j.slots)
	var printed bytes.Buffer
	options.Output = &printed
	passed := session.Run(ctx, options, func(sc *godog.ScenarioContext) {
		var start time.Time
		sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) {
			start = time.Now()
			return ctx, nil
		})
		sc.After(func(ctx context.Context, about *godog.Scenario, _ error) (context.Context, error) {
			mu.Lock()
			defer mu.Unlock()
			durations[fmt.Sprint(about.Uri, ":", about.Location.Line)] = time.Since(start)
			return ctx, nil
		})
		Watch(sc, func(f Failure) {
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, fmt.Errorf("the unchanged chart does not pass: %s: %s", f.By, f.Words))
		})
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(failed) > 0:
		return errors.Join(failed...)
	case !passed:
		return fmt.Errorf("the scenarios could not run:\n%s", printed.String())
	}
	return j.readRecordings(ctx, recorder.Scenarios(), durations)
}

// readRecordings makes the scenarios of the judge from those that ran.
func (j *judge) readRecordings(
	ctx context.Context, recorded []steps.RecordedScenario, durations map[string]time.Duration,
) error {
	options := j.godog(j.Suite.Features)
	features, err := godog.TestSuite{Options: &options}.RetrieveFeatures()
	if err != nil {
		return err
	}
	known := map[string]*scenario{} // by FILE:LINE of the scenario, and of its rows
	for _, feature := range features {
		outlines := map[string]*messages.Scenario{}
		for node := range gherkin.Nodes(feature.GherkinDocument) {
			if node.Scenario != nil {
				outlines[node.Scenario.Id] = node.Scenario
			}
		}
		for _, pickle := range feature.Pickles {
			about := outlines[pickle.AstNodeIds[0]]
			path := fmt.Sprint(feature.Uri, ":", about.Location.Line)
			s := known[path]
			if s == nil {
				s = &scenario{
					path: path, title: filepath.Base(feature.Uri) + ": " + about.Name,
					words: map[string]bool{}, kills: map[string]int{}, commands: map[string]bool{},
				}
				known[path] = s
			}
			row := fmt.Sprint(feature.Uri, ":", pickle.Location.Line)
			known[row] = s
			s.duration += durations[row]
			s.read(pickle)
			if err := s.identify(pickle); err != nil {
				return err
			}
		}
	}
	var recordings []*helm.Recording
	commands := 0
	for _, one := range recorded {
		recordings = append(recordings, one.Commands)
		s := known[fmt.Sprint(one.Feature, ":", one.Line)]
		j.scenarios = append(j.scenarios, s)
		for _, command := range one.Commands.Commands() {
			s.commands[command.Args[0]] = true
			commands++
		}
	}
	j.index = newIndex(j.scenarios)
	if j.baseline, err = helm.NewBaseline(ctx, j.chart, recordings); err != nil {
		return err
	}
	for i, s := range j.scenarios {
		s.identity += j.baseline.Fingerprint(i)
	}
	if j.Recorded != nil {
		j.Recorded(len(recorded), commands)
	}
	return nil
}

// godog returns the options of a run of the scenarios in paths.
func (j *judge) godog(paths ...string) godog.Options {
	return godog.Options{
		Format: "progress", Output: new(bytes.Buffer), NoColors: true, Strict: true, Paths: paths, Concurrency: 1,
	}
}

// begin begins the session that runs scenarios with mutants.
func (j *judge) begin(ctx context.Context, on cluster.Provider) (err error) {
	j.session, err = j.Suite.Begin(ctx, on, steps.Options{ChartSource: j.chart, Wait: j.Wait})
	if err != nil && j.session != nil {
		err = errors.Join(err, j.close(ctx))
	}
	return err
}

// closeTimeout bounds the clean-up of a session.
const closeTimeout = 2 * time.Minute

func (j *judge) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return j.session.Close(ctx)
}

// result is the outcome of a scenario with a rendering. It is computed once.
type result struct {
	once   sync.Once
	failed *Failure // nil if it passed
	err    error
}

// run runs a scenario with a mutant. failed is nil if it passes. Mutants that the scenario cannot tell apart share the
// outcome.
func (j *judge) run(ctx context.Context, t *trial, s *scenario) (failed *Failure, err error) {
	key := j.key(t, s)
	if known, ok := j.cache.get(key); ok {
		if known.Failed {
			return &Failure{known.By, known.Words}, nil
		}
		return nil, nil
	}
	j.mu.Lock()
	known := j.results[key]
	if known == nil {
		known = new(result)
		j.results[key] = known
	}
	j.mu.Unlock()
	known.once.Do(func() { known.failed, known.err = j.runScenario(ctx, t.copied, s) })
	if known.err == nil {
		j.cache.put(key, outcomeOf(known.failed))
	}
	return known.failed, known.err
}

func outcomeOf(failed *Failure) outcome {
	if failed == nil {
		return outcome{}
	}
	return outcome{true, failed.By, failed.Words}
}

// runWith runs a scenario with a copy of the chart.
func (j *judge) runWith(ctx context.Context, copied string, s *scenario) (*Failure, error) {
	select {
	case j.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-j.slots }()
	var mu sync.Mutex
	var failed *Failure
	options := j.godog(s.path)
	var printed bytes.Buffer
	options.Output = &printed
	passed, err := j.session.RunCopy(ctx, copied, options, func(sc *godog.ScenarioContext) {
		Watch(sc, func(f Failure) {
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				f.Words = j.local(f.Words, copied)
				failed = &f
			}
		})
	})
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !passed && failed == nil:
		return nil, fmt.Errorf("%s could not run:\n%s", s.title, printed.String())
	}
	return failed, nil
}
