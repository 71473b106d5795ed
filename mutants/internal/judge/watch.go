package judge

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/cucumber/godog"
)

// Failure is what a failed scenario says: By names the scenario and its file, and Words are the step that failed first
// and the scenario's error.
type Failure struct{ By, Words string }

// Watch calls failed if the scenario of sc fails.
func Watch(sc *godog.ScenarioContext, failed func(Failure)) {
	var step string // the one that failed first
	sc.StepContext().After(func(
		ctx context.Context, about *godog.Step, _ godog.StepResultStatus, err error,
	) (context.Context, error) {
		if err != nil && step == "" {
			step = about.Text
		}
		return ctx, nil
	})
	sc.After(func(ctx context.Context, about *godog.Scenario, err error) (context.Context, error) {
		if err != nil && !errors.Is(err, godog.ErrSkip) {
			feature, _, _ := strings.Cut(filepath.Base(about.Uri), ":") // the line may follow
			failed(Failure{feature + ": " + about.Name, step + ": " + err.Error()})
		}
		return ctx, nil
	})
}
