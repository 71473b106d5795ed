package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/steps"
)

// trial is a copy of the chart with a fault in it.
type trial struct {
	suite suite
	fault fault
	root  string // the folder in which charts/NAME is the copy
}

func (t trial) chart() string { return t.suite.chartIn(t.root) }

// lint has the linter look for the fault. Only errors catch it, as only they end a run of the suite.
func (t trial) lint(ctx context.Context) (verdict, error) {
	v := verdict{fault: t.fault}
	result, err := linter.Run(ctx, []string{t.chart()}, linter.Options{})
	switch {
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	case err != nil: // it cannot be loaded, for one
		v.add(catch{by: "lint", words: t.local(err.Error())})
		return v, nil
	}
	for _, f := range result.Findings {
		words := fmt.Sprintf("%s: %s [%s]", t.local(f.Position.String()), t.local(f.Message), f.Rule)
		if f.Severity == rule.Error {
			v.add(catch{by: "lint " + f.Rule, words: words})
		} else {
			v.warnings = append(v.warnings, words)
		}
	}
	return v, nil
}

// local is text with the chart where people know it.
func (t trial) local(text string) string {
	return strings.ReplaceAll(text, t.root+string(filepath.Separator), "")
}

// errCaught is why the rest of the scenarios need not run.
var errCaught = errors.New("a scenario has found the fault")

// scenarios has the scenarios look for the fault, on the cluster that config leads to. They end when one fails with the
// words of the fault.
func (t trial) scenarios(ctx context.Context, config *rest.Config) (verdict, error) {
	v := verdict{fault: t.fault}
	paths, err := t.paths()
	if err != nil {
		return v, err
	}
	world, err := steps.NewWorld(config, steps.Options{
		Release:   t.suite.release,
		Chart:     "./charts/" + filepath.Base(t.suite.chart),
		Namespace: t.suite.namespace,
		Dir:       t.root,
		Wait:      t.suite.wait,
	})
	if err != nil {
		return v, err
	}
	suiteContext, end := context.WithCancelCause(ctx)
	defer end(nil)
	var mu sync.Mutex
	var printed bytes.Buffer
	suite := godog.TestSuite{
		Options: &godog.Options{
			Format: "progress", Output: &printed, NoColors: true, Strict: true,
			Paths: paths, Concurrency: t.suite.concurrency, DefaultContext: suiteContext,
		},
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			var at string // the step that failed
			steps.Register(sc, world)
			sc.StepContext().After(func(ctx context.Context, step *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
				if err != nil && at == "" {
					at = step.Text
				}
				return ctx, nil
			})
			sc.After(func(ctx context.Context, about *godog.Scenario, err error) (context.Context, error) {
				if err == nil || errors.Is(err, godog.ErrSkip) || suiteContext.Err() != nil {
					return ctx, nil
				}
				mu.Lock()
				defer mu.Unlock()
				c := catch{by: filepath.Base(about.Uri) + ": " + about.Name, words: t.local(at + ": " + err.Error())}
				if v.add(c); c.says(t.fault.Says) {
					end(errCaught)
				}
				return ctx, nil
			})
		},
	}
	started := time.Now()
	code := suite.Run()
	v.took = time.Since(started)
	if ctx.Err() != nil {
		return v, context.Cause(ctx)
	}
	if code != 0 && !v.caught() {
		return v, fmt.Errorf("%s: the scenarios could not run:\n%s", t.fault.Name, printed.String())
	}
	return v, nil
}

// paths are those of all features, the one that is to find the fault first.
func (t trial) paths() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(t.suite.features, "*.feature"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there are no features in %s: %w", t.suite.features, errors.Join(err, os.ErrNotExist))
	}
	if t.fault.Feature == "" {
		return paths, nil
	}
	i := slices.Index(paths, filepath.Join(t.suite.features, t.fault.Feature))
	if i < 0 {
		return nil, fmt.Errorf("%s: there is no %s in %s", t.fault.Name, t.fault.Feature, t.suite.features)
	}
	first := paths[i]
	return append([]string{first}, slices.Delete(paths, i, i+1)...), nil
}
