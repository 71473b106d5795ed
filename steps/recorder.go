package steps

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/helm"
)

// Recorder keeps the Helm commands of scenarios, with everything except the chart that their output depends on. The
// zero value is ready to use. It is safe for concurrent use.
type Recorder struct {
	mu        sync.Mutex
	scenarios []RecordedScenario
}

// RecordedScenario is a scenario that ran.
type RecordedScenario struct {
	// Feature is the path of its feature file.
	Feature string
	// Line is its line in that file, and for one of a Scenario Outline that of its row. It counts from 1.
	Line int64
	// Name is its title.
	Name string
	// Commands are its Helm commands.
	Commands *helm.Recording
}

// Scenarios returns the scenarios that ran, by their features and lines.
func (r *Recorder) Scenarios() []RecordedScenario {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(slices.Values(r.scenarios), func(a, b RecordedScenario) int {
		return cmp.Or(cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Line, b.Line))
	})
}

// add adds a scenario that begins, and returns the recording of its commands.
func (r *Recorder) add(about *godog.Scenario) *helm.Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	feature, _, _ := strings.Cut(about.Uri, ".feature:") // a line follows if only some scenarios are selected
	if feature != about.Uri {
		feature += ".feature"
	}
	recording := new(helm.Recording)
	r.scenarios = append(r.scenarios, RecordedScenario{feature, about.Location.Line, about.Name, recording})
	return recording
}

// errNotRecorded is the error of a recorder for commands that a binary runs.
var errNotRecorded = errors.New("steps: only commands of Helm's SDK can be recorded: use Helm 3 in this process")

// record records the commands of the scenario, if the suite has a recorder.
func (s *scenario) record(sc *godog.ScenarioContext) {
	recorder := s.suite.options.Recorder
	if recorder == nil {
		return
	}
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		if s.helm.recording != nil {
			s.helm.recording.Begin(step.Text)
		}
		return ctx, nil
	})
	sc.Before(func(ctx context.Context, about *godog.Scenario) (context.Context, error) {
		s.helm.recording = recorder.add(about)
		return ctx, nil
	})
}
