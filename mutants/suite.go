package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/chart"
)

// suite is what the faults are tried on: a chart, and its scenarios.
type suite struct {
	faults, chart, features string
	release, namespace      string
	wait                    time.Duration
	concurrency             int
	backend                 string // the name of the kind of cluster
	clusterOptions          cluster.Options
}

// try tries the faults, and before them, if asWell, the chart as it is, which must pass: else it would say nothing that a chart with a
// fault does not. How it goes is written to progress. The verdicts are in the order of the faults.
func (s suite) try(ctx context.Context, faults catalog, asWell bool, progress io.Writer) (verdicts []verdict, err error) {
	provider, err := s.openCluster(progress)
	if err != nil {
		return nil, err
	}
	copies, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(copies) }()
	trials, err := s.trials(faults, copies)
	if err != nil {
		return nil, err
	}
	unchanged := trial{suite: s, root: filepath.Join(copies, "unchanged")}
	if err := s.copyTo(unchanged.root); err != nil {
		return nil, err
	}
	if asWell {
		if v, err := unchanged.lint(ctx); err != nil || v.caught() {
			return nil, errors.Join(err, v.unfit())
		}
	}
	verdicts, err = lintAll(ctx, trials, progress)
	if err != nil {
		return nil, err
	}
	left := slices.ContainsFunc(verdicts, func(v verdict) bool { return !v.caught() })
	if !left && !asWell {
		return verdicts, nil
	}
	if err := provider.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	if asWell {
		if v, err := unchanged.scenarios(ctx, provider, progress, s.features); err != nil || v.caught() {
			return nil, errors.Join(err, v.unfit())
		}
		fmt.Fprintln(progress, "the chart as it is passes")
	}
	return verdicts, s.runAll(ctx, trials, verdicts, provider, progress)
}

// openCluster returns the cluster that the scenarios are for, not yet started.
func (s suite) openCluster(progress io.Writer) (cluster.Provider, error) {
	about, err := chart.Load(s.chart)
	if err != nil {
		return nil, err
	}
	s.clusterOptions.Existing.Kinds = about.Kinds()
	return cluster.Open(s.backend, s.clusterOptions, progress)
}

// takeTurns says whether trials go one after another, each of which leaves the cluster as it was: where containers run, as the room for pods is not shared out between
// trials, nor are images; and where others are there too, as each trial looks for what dead runs left.
func takeTurns(running cluster.Provider) bool {
	return running.RunsContainers() || running.Persistent()
}

// trials puts each fault into a copy of the chart. The error names all those that do not apply, or whose scenario is not there.
func (s suite) trials(faults catalog, copies string) ([]trial, error) {
	trials := make([]trial, len(faults))
	var errs []error
	for i, f := range faults {
		t := trial{suite: s, fault: f, root: filepath.Join(copies, fmt.Sprint(i+1))}
		if err := s.copyTo(t.root); err != nil {
			return nil, err
		}
		var missing error
		if f.Scenario != "" {
			t.path, missing = s.find(f.Scenario)
		}
		errs = append(errs, f.apply(t.chart()), missing)
		trials[i] = t
	}
	return trials, errors.Join(errs...)
}

// copyTo copies the chart to where scenarios look for it from root.
func (s suite) copyTo(root string) error {
	if err := os.CopyFS(s.chartIn(root), os.DirFS(s.chart)); err != nil {
		return fmt.Errorf("copy the chart: %w", err)
	}
	return nil
}

// chartIn is the folder of the chart in a copy, where scenarios call it ./charts/NAME.
func (s suite) chartIn(root string) string {
	return filepath.Join(root, "charts", filepath.Base(s.chart))
}

// lintAll has the linter look for the faults, several at a time.
func lintAll(ctx context.Context, trials []trial, progress io.Writer) ([]verdict, error) {
	verdicts := make([]verdict, len(trials))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, t := range trials {
		group.Go(func() (err error) {
			verdicts[i], err = t.lint(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	done := 0
	for _, v := range verdicts {
		if v.caught() {
			done++
			fmt.Fprintf(progress, "%3d/%d  %s\n", done, len(trials), v.line())
		}
	}
	return verdicts, nil
}

// runAll has scenarios look for the faults that the linter did not find, and completes the verdicts: first the one that is to find each, of
// several faults at a time where trials need not take turns, then all of them for what is left.
func (s suite) runAll(ctx context.Context, trials []trial, verdicts []verdict, running cluster.Provider, progress io.Writer) error {
	done := 0
	for _, v := range verdicts {
		if v.caught() {
			done++
		}
	}
	var mu sync.Mutex
	conclude := func(i int, v verdict) {
		mu.Lock()
		defer mu.Unlock()
		v.warnings = verdicts[i].warnings
		verdicts[i] = v
		done++
		fmt.Fprintf(progress, "%3d/%d  %s\n", done, len(trials), v.line())
	}
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(s.concurrency)
	if takeTurns(running) {
		group.SetLimit(1)
	}
	for i, t := range trials {
		if verdicts[i].caught() || t.path == "" {
			continue
		}
		group.Go(func() error {
			v, err := t.scenarios(groupContext, running, progress, t.path)
			if err == nil && v.caught() {
				conclude(i, v)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, t := range trials {
		if verdicts[i].caught() {
			continue
		}
		v, err := t.scenarios(ctx, running, progress, s.features)
		if err != nil {
			return err
		}
		conclude(i, v)
	}
	return nil
}

// find returns the path of the scenario, or the outline, with a name, as godog takes it: FILE:LINE.
func (s suite) find(name string) (string, error) {
	files, err := filepath.Glob(filepath.Join(s.features, "*.feature"))
	if err != nil {
		return "", err
	}
	var found []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		for i, line := range strings.Split(string(content), "\n") {
			if _, title, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && title == name && strings.Contains(line, "Scenario") {
				found = append(found, fmt.Sprintf("%s:%d", file, i+1))
			}
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d scenarios of %s are called %q: want one", len(found), s.features, name)
	}
	return found[0], nil
}
