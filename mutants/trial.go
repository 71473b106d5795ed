package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/steps"
)

// trial is a copy of the chart with a fault in it.
type trial struct {
	suite suite
	fault fault
	root  string // the folder in which charts/NAME is the copy
	path  string // of the scenario that is to find it, as godog takes it; empty is none
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

// closing is how long the cluster may take to delete what a trial made.
const closing = 3 * time.Minute

// errCaught is why the rest of the scenarios need not run.
var errCaught = errors.New("a scenario has found the fault")

// scenarios has scenarios look for the fault, on a cluster that has started: those of paths. They end when one fails with the words of the fault, and
// nothing of theirs is left then where trials take turns. What takes longer than a moment is written to progress.
func (t trial) scenarios(ctx context.Context, running cluster.Provider, progress io.Writer, paths ...string) (v verdict, err error) {
	v.fault = t.fault
	options := steps.Options{
		Release:   t.suite.release,
		Chart:     "./charts/" + filepath.Base(t.suite.chart),
		Namespace: t.suite.namespace,
		Dir:       t.root,
		Wait:      t.suite.wait,
		Progress:  progress,
	}.ForCluster(running)
	options.RetainNamespaces = 0 // the cluster serves several suites
	world, err := steps.NewSuite(running.Config(), options)
	if err != nil {
		return v, err
	}
	if takeTurns(running) {
		if err := world.Begin(ctx, progress); err != nil {
			return v, err
		}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		err = errors.Join(err, world.Close(ctx))
	}()
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
				feature, _, _ := strings.Cut(filepath.Base(about.Uri), ":") // the line may follow
				c := catch{by: feature + ": " + about.Name, words: t.local(at + ": " + err.Error())}
				if v.add(c); c.says(t.fault.Says) { // of which an unchanged chart has none
					end(errCaught)
				}
				return ctx, nil
			})
		},
	}
	code := suite.Run()
	switch {
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	case code != 0 && !v.caught():
		return v, fmt.Errorf("%s: the scenarios could not run:\n%s", t.fault.Name, printed.String())
	}
	return v, nil
}
