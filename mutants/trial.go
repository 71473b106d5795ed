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
	"github.com/traderadmin/charts/mutants/internal/judge"
	"github.com/traderadmin/charts/steps"
)

// trial is a copy of the chart with a fault in it.
type trial struct {
	suite suite
	fault fault
	root  string // the folder that contains the copy at the path that scenarios use
	chart string // the path of the copy
	path  string // FILE:LINE of the scenario that the fault names; empty if it names none
}

// lint runs the linter on the copy. Only errors count, because only they stop a run.
func (t trial) lint(ctx context.Context) (verdict, error) {
	v := verdict{fault: t.fault}
	result, err := linter.Run(ctx, []string{t.chart}, linter.Options{})
	switch {
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	case err != nil: // the chart cannot be loaded, for example
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

// local makes the paths of the copy in a text relative, so that they read as paths of the chart.
func (t trial) local(text string) string {
	if t.root == "" {
		return text
	}
	return strings.ReplaceAll(text, t.root+string(filepath.Separator), "")
}

// errCaught ends the other scenarios of a trial.
var errCaught = errors.New("a scenario has noticed the fault")

// closeTimeout bounds the clean-up after a trial.
const closeTimeout = 2 * time.Minute

// scenarios runs the scenarios in paths against the fault, until one fails with the words of the fault.
func (t trial) scenarios(
	ctx context.Context, on cluster.Provider, out io.Writer, paths ...string,
) (v verdict, err error) {
	v.fault = t.fault
	options := steps.Options{
		ChartSource: t.chart, Helm: t.suite.helmBinary, Wait: t.suite.wait, Progress: out, RetainNamespaces: -1,
	}
	session, err := t.suite.tested.Begin(ctx, on, options)
	if session != nil {
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			defer cancel()
			err = errors.Join(err, session.Close(ctx))
		}()
	}
	if err != nil {
		return v, err
	}
	scenarios, end := context.WithCancelCause(ctx)
	defer end(nil)
	var mu sync.Mutex
	noticed := func(c catch) {
		mu.Lock()
		defer mu.Unlock()
		if scenarios.Err() != nil { // scenarios that end early fail too
			return
		}
		if v.add(c); c.says(t.fault.Says) {
			end(errCaught)
		}
	}
	var printed bytes.Buffer
	passed := session.Run(scenarios, godog.Options{
		Format: "progress", Output: &printed, NoColors: true, Strict: true,
		Paths: paths, Concurrency: t.suite.concurrency,
	}, func(sc *godog.ScenarioContext) {
		judge.Watch(sc, func(f judge.Failure) { noticed(catch{by: f.By, words: t.local(f.Words)}) })
	})
	switch {
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	case !passed && !v.caught():
		return v, fmt.Errorf("%s: the scenarios could not run:\n%s", t.fault.Name, printed.String())
	}
	return v, nil
}
