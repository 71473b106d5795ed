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
	"sync"
	"time"

	"github.com/cucumber/godog"
	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/gherkin"
	"github.com/traderadmin/charts/internal/helm/binary"
)

// suite is the chart and the scenarios to try the faults on.
type suite struct {
	tested         acceptance.Suite
	chart          string // the path of the chart to put the faults into
	faults         string // the path of the catalog
	wait           time.Duration
	concurrency    int
	backend        string // the name of the cluster backend
	clusterOptions cluster.Options
	helm           string // the name of the Helm, for binary.Find
	helmBinary     string // its path; empty for the SDK of Helm 3
}

// try tries the faults and returns their verdicts in the same order. If unchangedToo is set, it tries the unchanged
// chart first, which must pass: otherwise a failure would not show that a fault was noticed.
func (s suite) try(ctx context.Context, faults catalog, unchangedToo bool, out io.Writer) (v []verdict, err error) {
	provider, err := acceptance.OpenCluster(s.backend, s.chart, s.clusterOptions, out)
	if err != nil {
		return nil, err
	}
	if s.helmBinary, _, err = binary.Find(ctx, s.helm, out); err != nil {
		return nil, fmt.Errorf("-helm=%s: %w", s.helm, err)
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
	unchanged := trial{suite: s, chart: s.chart}
	if unchangedToo {
		if v, err := unchanged.lint(ctx); err != nil || v.caught() {
			return nil, errors.Join(err, v.unfit())
		}
	}
	verdicts, err := lintAll(ctx, trials, out)
	if err != nil {
		return nil, err
	}
	if !unchangedToo && !slices.ContainsFunc(verdicts, func(v verdict) bool { return !v.caught() }) {
		return verdicts, nil // no cluster is needed
	}
	if err := provider.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	if unchangedToo {
		if v, err := unchanged.scenarios(ctx, provider, out, s.tested.Features); err != nil || v.caught() {
			return nil, errors.Join(err, v.unfit())
		}
		fmt.Fprintln(out, "the unchanged chart passes")
	}
	return verdicts, s.runAll(ctx, trials, verdicts, provider, out)
}

// oneAtATime reports whether trials must not overlap. Where containers run, trials would compete for the capacity and
// the images of the nodes. On a cluster that outlives the run, each trial cleans up after the previous one.
func oneAtATime(on cluster.Provider) bool { return on.RunsContainers() || on.Persistent() }

// trials puts each fault into a copy of the chart. The error names every fault that does not apply or whose scenario
// does not exist.
func (s suite) trials(faults catalog, copies string) ([]trial, error) {
	scenarios, err := s.scenarios()
	if err != nil {
		return nil, err
	}
	trials := make([]trial, len(faults))
	var errs []error
	for i, f := range faults {
		root := filepath.Join(copies, fmt.Sprint(i+1))
		t := trial{suite: s, fault: f, root: root, chart: filepath.Join(root, filepath.Clean(s.tested.Chart))}
		if err := os.CopyFS(t.chart, os.DirFS(s.chart)); err != nil {
			return nil, fmt.Errorf("copy the chart: %w", err)
		}
		errs = append(errs, f.apply(t.chart))
		if f.Scenario != "" {
			paths := scenarios[f.Scenario]
			if len(paths) != 1 {
				errs = append(errs, fmt.Errorf("%s: %d scenarios in %s are named %q, not one",
					f.Name, len(paths), s.tested.Features, f.Scenario))
				continue
			}
			t.path = paths[0]
		}
		trials[i] = t
	}
	return trials, errors.Join(errs...)
}

// scenarios returns the paths of all scenarios and outlines by name, in godog's format FILE:LINE.
func (s suite) scenarios() (map[string][]string, error) {
	options := godog.Options{Paths: []string{s.tested.Features}}
	features, err := godog.TestSuite{Options: &options}.RetrieveFeatures()
	if err != nil {
		return nil, fmt.Errorf("read the features in %s: %w", s.tested.Features, err)
	}
	paths := map[string][]string{}
	for _, feature := range features {
		for node := range gherkin.Nodes(feature.GherkinDocument) {
			if about := node.Scenario; about != nil {
				paths[about.Name] = append(paths[about.Name], fmt.Sprintf("%s:%d", feature.Uri, about.Location.Line))
			}
		}
	}
	return paths, nil
}

// lintAll lints all copies, several at a time, and prints which faults the linter notices.
func lintAll(ctx context.Context, trials []trial, out io.Writer) ([]verdict, error) {
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
	for i, v := range noticed(verdicts) {
		fmt.Fprintf(out, "%3d/%d  %s\n", i+1, len(trials), v.line())
	}
	return verdicts, nil
}

// noticed returns the verdicts on the faults that were noticed.
func noticed(verdicts []verdict) []verdict {
	return slices.DeleteFunc(slices.Clone(verdicts), func(v verdict) bool { return !v.caught() })
}

// runAll runs scenarios against the faults that the linter did not notice, and completes the verdicts. First it runs
// the scenario that each fault names, then all scenarios against the faults that are left.
func (s suite) runAll(
	ctx context.Context, trials []trial, verdicts []verdict, on cluster.Provider, out io.Writer,
) error {
	var mu sync.Mutex
	done := len(noticed(verdicts))
	conclude := func(i int, v verdict) {
		mu.Lock()
		defer mu.Unlock()
		v.warnings = verdicts[i].warnings
		verdicts[i] = v
		done++
		fmt.Fprintf(out, "%3d/%d  %s\n", done, len(trials), v.line())
	}
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(s.concurrency)
	if oneAtATime(on) {
		group.SetLimit(1)
	}
	for i, t := range trials {
		if verdicts[i].caught() || t.path == "" {
			continue
		}
		group.Go(func() error {
			v, err := t.scenarios(groupContext, on, out, t.path)
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
		v, err := t.scenarios(ctx, on, out, s.tested.Features)
		if err != nil {
			return err
		}
		conclude(i, v)
	}
	return nil
}
