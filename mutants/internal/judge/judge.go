// Package judge finds out which mutants of a chart the linter and the scenarios notice.
//
// # Design
//
// Running all scenarios for each mutant would take hours. So each mutant is judged in three stages, the cheapest first:
//
//  1. Offline. The linter checks the mutant. Then every Helm command of the scenarios, which were recorded once with
//     the unchanged chart, is rendered with the mutant. A mutant that renders nothing otherwise needs no scenario; of
//     the others, only the scenarios whose rendering differs can notice it. Mutants that render the same share a
//     verdict.
//  2. The best scenarios. Those whose text shares the most with what differs run one after another, until one fails.
//     They run on one cluster, for several mutants side by side.
//  3. The suspects. Mutants that are left after a few scenarios have probably survived. Several of them are put into
//     one copy of the chart, and all their scenarios run once. This is the group testing of Dorfman: if all pass, all
//     these mutants have survived. A scenario that fails runs again for each mutant alone. Mutants share a copy only if
//     each has the same effect on every rendering as it has alone, so that none hides another.
package judge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/mutants/internal/generate"
)

// Status is what became of a mutant.
type Status string

// The statuses of mutants.
const (
	// Killed is a mutant that the linter or a scenario noticed.
	Killed Status = "killed"
	// Survived is a mutant that changes what scenarios render, and that none of them noticed.
	Survived Status = "survived"
	// NotRendered is a mutant that changes nothing that any scenario renders.
	NotRendered Status = "not rendered"
)

// Verdict is the result for a mutant.
type Verdict struct {
	generate.Mutant
	Status Status
	// By is what killed it, such as "lint selector-matches-no-pod" or "redis.feature: Redis is off", and Words what that
	// said.
	By, Words string
	// Scenarios are those that render something otherwise.
	Scenarios []string
	// Step is a step that would notice it, or "" if none can be derived.
	Step string
	// Warnings are findings of the linter that do not stop a run, and that the unchanged chart does not have.
	Warnings []string
}

// Options configure a judge.
type Options struct {
	// Suite is the tested suite, without empty fields except Steps.
	Suite acceptance.Suite
	// Chart is the folder of the unchanged chart.
	Chart string
	// Wait is how long a step may wait for the cluster.
	Wait time.Duration
	// Concurrency is the maximum number of scenarios that run at once.
	Concurrency int
	// Cache is the file that keeps the outcomes of scenarios for later runs; "" keeps none.
	Cache string
	// Environment identifies the cluster in the cache.
	Environment string
	// Recorded is called after the unchanged chart has passed, with the number of scenarios and of their Helm commands.
	Recorded func(scenarios, commands int)
	// Progress is called after each verdict.
	Progress func(Progress)
}

// Progress is how far a judge is.
type Progress struct {
	Done, All, Killed, Survived, NotRendered int
	// Left is the estimated time until the end.
	Left time.Duration
}

// Run judges mutants on a cluster that has started. It returns their verdicts in the same order. It returns an error if
// the unchanged chart does not pass.
func Run(
	ctx context.Context, on cluster.Provider, mutants []generate.Mutant, options Options,
) (verdicts []Verdict, err error) {
	if on.RunsContainers() || on.Persistent() { // scenarios of two mutants would compete for nodes and images
		options.Concurrency = 1
	}
	j, err := newJudge(mutants, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(j.folder)) }()
	if j.known, err = j.findings(ctx, j.chart); err != nil {
		return nil, err
	}
	if err := j.record(ctx, on); err != nil {
		return nil, err
	}
	if err := j.begin(ctx, on); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.close(ctx)) }()
	err = j.judge(ctx)
	if err := errors.Join(err, j.cache.save()); err != nil {
		return nil, err
	}
	return j.verdicts, nil
}

type judge struct {
	Options
	chart     string           // absolute
	folder    string           // of the copies of the chart
	known     []linter.Finding // of the unchanged chart
	baseline  *helm.Baseline
	scenarios []*scenario
	index     *index
	session   *acceptance.Session
	slots     chan struct{} // for scenarios

	// render and runScenario are compare and runWith, unless a test replaces them.
	render      func(ctx context.Context, copied string, mutants ...generate.Mutant) ([]helm.Difference, error)
	runScenario func(ctx context.Context, copied string, s *scenario) (*Failure, error)

	trials   []*trial
	verdicts []Verdict

	mu      sync.Mutex
	started time.Time
	done    Progress
	leaders map[string]*trial // by what they render otherwise
	results map[string]*result
	cache   *cache
}

// trial is a mutant that is judged.
type trial struct {
	generate.Mutant
	verdict   *Verdict
	copied    string // the folder of the copy with the mutant
	differing map[*scenario][]helm.Difference
	left      []*scenario // those that have not run, the most promising first
	followers []*trial    // which render the same
}

func newJudge(mutants []generate.Mutant, options Options) (*judge, error) {
	chart, err := filepath.Abs(options.Chart)
	if err != nil {
		return nil, err
	}
	cache, err := openCache(options.Cache)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	j := &judge{
		Options: options, chart: chart, folder: folder, cache: cache, slots: make(chan struct{}, options.Concurrency),
		verdicts: make([]Verdict, len(mutants)), done: Progress{All: len(mutants)},
		leaders: map[string]*trial{}, results: map[string]*result{},
	}
	j.render, j.runScenario = j.compare, j.runWith
	for i, m := range mutants {
		j.verdicts[i].Mutant = m
		j.trials = append(j.trials, &trial{Mutant: m, verdict: &j.verdicts[i]})
	}
	return j, nil
}

// judge judges all mutants.
func (j *judge) judge(ctx context.Context) error {
	j.started = time.Now()
	promising := make(chan *trial, len(j.trials))
	var stages errgroup.Group
	stages.Go(func() error {
		defer close(promising)
		return j.eachOffline(ctx, promising)
	})
	var mu sync.Mutex
	var suspects []*trial
	stages.Go(func() error {
		var trials errgroup.Group
		trials.SetLimit(max(1, cap(j.slots)))
		for t := range promising {
			trials.Go(func() error {
				killed, err := j.tryBest(ctx, t)
				if err == nil && !killed {
					mu.Lock()
					defer mu.Unlock()
					suspects = append(suspects, t)
				}
				return err
			})
		}
		return trials.Wait()
	})
	if err := stages.Wait(); err != nil {
		return err
	}
	return j.tryGroups(ctx, suspects)
}

// eachOffline judges the mutants as far as possible without the cluster, and sends on those that need scenarios.
func (j *judge) eachOffline(ctx context.Context, promising chan<- *trial) error {
	offline, ctx := errgroup.WithContext(ctx)
	offline.SetLimit(runtime.NumCPU())
	for _, t := range j.trials {
		offline.Go(func() error {
			more, err := j.tryOffline(ctx, t)
			if err == nil && more {
				promising <- t
			}
			return err
		})
	}
	return offline.Wait()
}

// tryOffline lints a mutant, and renders the recorded commands with it. more reports that scenarios must run.
func (j *judge) tryOffline(ctx context.Context, t *trial) (more bool, err error) {
	if t.copied, err = j.copyWith(t.ID, t.Mutant); err != nil {
		return false, err
	}
	killed, err := j.lint(ctx, t)
	if err != nil {
		return false, err
	}
	if killed {
		return false, j.conclude(t)
	}
	differences, err := j.render(ctx, t.copied, t.Mutant)
	if err != nil {
		return false, fmt.Errorf("mutant %s: %w", t.ID, err)
	}
	if len(differences) == 0 {
		t.verdict.Status = NotRendered
		return false, j.conclude(t)
	}
	j.assign(t, differences)
	if len(t.left) == 0 {
		t.verdict.Status = Survived
		return false, j.conclude(t)
	}
	return j.lead(t, signature(differences))
}

// compare returns what the recorded commands render otherwise with a copy of the chart with mutants.
func (j *judge) compare(ctx context.Context, copied string, mutants ...generate.Mutant) ([]helm.Difference, error) {
	var files []string
	for _, m := range mutants {
		if m.File == ".helmignore" { // which decides about all files
			return j.baseline.Compare(ctx, copied)
		}
		files = append(files, m.File)
	}
	return j.baseline.Compare(ctx, copied, files...)
}

// lead reports whether no other mutant renders the same. Otherwise the mutant gets the verdict of that one.
func (j *judge) lead(t *trial, signature string) (bool, error) {
	j.mu.Lock()
	leader, known := j.leaders[signature]
	if !known {
		j.leaders[signature] = t
		j.mu.Unlock()
		return true, nil
	}
	decided := leader.verdict.Status != ""
	if !decided {
		leader.followers = append(leader.followers, t)
	}
	j.mu.Unlock()
	if decided {
		return false, j.follow(leader, t)
	}
	return false, nil
}

// follow concludes a mutant with the verdict of another one.
func (j *judge) follow(leader, t *trial) error {
	t.verdict.Status, t.verdict.By, t.verdict.Words = leader.verdict.Status, leader.verdict.By, leader.verdict.Words
	return j.conclude(t)
}

// conclude counts a verdict, removes the copy of the chart, and concludes the mutants that render the same.
func (j *judge) conclude(t *trial) error {
	j.mu.Lock()
	j.done.Done++
	switch t.verdict.Status {
	case Killed:
		j.done.Killed++
	case Survived:
		j.done.Survived++
	case NotRendered:
		j.done.NotRendered++
	}
	spent := time.Since(j.started)
	j.done.Left = (spent / time.Duration(j.done.Done)) * time.Duration(j.done.All-j.done.Done)
	if j.Progress != nil {
		j.Progress(j.done)
	}
	followers := t.followers
	t.followers = nil
	j.mu.Unlock()
	failed := []error{os.RemoveAll(t.copied)}
	for _, follower := range followers {
		failed = append(failed, j.follow(t, follower))
	}
	return errors.Join(failed...)
}

// decide sets the status of a mutant, which other mutants may share from then on.
func (j *judge) decide(t *trial, status Status, by, words string) error {
	j.mu.Lock()
	t.verdict.Status, t.verdict.By, t.verdict.Words = status, by, words
	j.mu.Unlock()
	return j.conclude(t)
}

// copyWith returns a copy of the chart with mutants, in which no lines overlap.
func (j *judge) copyWith(name string, mutants ...generate.Mutant) (string, error) {
	copied := filepath.Join(j.folder, name, filepath.Base(j.chart))
	if err := os.CopyFS(copied, os.DirFS(j.chart)); err != nil {
		return "", err
	}
	// Changes of later lines do not move earlier ones.
	slices.SortFunc(mutants, func(a, b generate.Mutant) int { return b.Line - a.Line })
	for _, m := range mutants {
		if err := m.Write(copied); err != nil {
			return "", err
		}
	}
	return copied, nil
}

// local makes the paths of copies in a text relative, so that they read as paths of the chart.
func (j *judge) local(text, copied string) string {
	return strings.ReplaceAll(text, copied, filepath.Base(j.chart))
}
