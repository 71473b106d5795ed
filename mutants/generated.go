package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/internal/helm/binary"
	"github.com/traderadmin/charts/mutants/internal/generate"
	"github.com/traderadmin/charts/mutants/internal/judge"
)

// selection says which generated mutants to judge, and where the results go.
type selection struct {
	sample   int
	since    string
	json     string
	stryker  string
	accepted string
	noCache  bool
}

func (s *selection) bind(flags *flag.FlagSet) {
	flags.IntVar(&s.sample, "sample", 0, "judge only this `number` of mutants, spread over all of them; 0 means all")
	flags.StringVar(&s.since, "since", "", "judge only mutants of lines that differ from this git `revision`")
	flags.StringVar(&s.json, "json", "", "write the verdicts as JSON to this `file`")
	flags.StringVar(&s.stryker, "stryker", "",
		"write a report in the format mutation-testing-report-schema, which has viewers, to this `file`")
	flags.BoolVar(&s.noCache, "no-cache", false, "run scenarios again whose outcome is known from an earlier run")
	flags.StringVar(&s.accepted, "accepted", "",
		"the YAML `file` with accepted survivors and the reasons; by default "+acceptedFile+" in the chart")
}

// generated returns the selected mutants of a chart.
func (s selection) generated(ctx context.Context, chart string, names *regexp.Regexp) ([]generate.Mutant, error) {
	all, err := generate.Chart(chart)
	if err != nil {
		return nil, err
	}
	if names != nil {
		all = slices.DeleteFunc(all, func(m generate.Mutant) bool {
			return !names.MatchString(m.ID) && !names.MatchString(fmt.Sprintf("%s:%d", m.File, m.Line))
		})
		if len(all) == 0 {
			return nil, fmt.Errorf("no mutant has an ID, or a place FILE:LINE, that matches %q: -list prints them", names)
		}
	}
	if s.since != "" {
		changed, err := changedLines(ctx, chart, s.since)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(m generate.Mutant) bool { return !changed.has(m) })
	}
	return sampled(all, s.sample), nil
}

// sampled returns n of the mutants in their order. Which ones depends only on their IDs.
func sampled(all []generate.Mutant, n int) []generate.Mutant {
	if n <= 0 || n >= len(all) {
		return all
	}
	rank := func(m generate.Mutant) string { sum := sha256.Sum256([]byte(m.ID)); return string(sum[:]) }
	ordered := slices.SortedFunc(slices.Values(all), func(a, b generate.Mutant) int {
		return strings.Compare(rank(a), rank(b))
	})
	last := rank(ordered[n-1])
	return slices.DeleteFunc(slices.Clone(all), func(m generate.Mutant) bool { return rank(m) > last })
}

// tryGenerated judges the generated mutants of the chart, and returns the exit code.
func (o options) tryGenerated(ctx context.Context, stdout io.Writer) (code int, err error) {
	if o.suite.helm != binary.SDK {
		return 0, errors.New("generated mutants need a record of the Helm commands of the scenarios, and only Helm 3 in " +
			"this process keeps one: leave out -helm, or try faults of your own with -faults")
	}
	mutants, err := o.selected.generated(ctx, o.suite.chart, o.names)
	if err != nil {
		return 0, err
	}
	accepted, err := readAccepted(o.selected.accepted, o.suite.chart)
	if err != nil {
		return 0, err
	}
	if o.list {
		for _, m := range mutants {
			fmt.Fprintf(stdout, "%s %s:%d\n%s", m.ID, m.File, m.Line, m.Diff())
		}
		return exitCaught, nil
	}
	if len(mutants) == 0 {
		fmt.Fprintln(stdout, "0 mutants: nothing of the chart has changed")
		return exitCaught, nil
	}
	start := time.Now()
	verdicts, err := o.judge(ctx, mutants, stdout)
	if err != nil {
		return 0, err
	}
	whole := o.selected.sample == 0 && o.selected.since == "" && o.names == nil
	r := report{o.suite.chart, verdicts, accepted, whole}
	r.write(stdout)
	fmt.Fprintf(stdout, "%s; %s\n", r.summary(), time.Since(start).Round(time.Second))
	return r.code(), errors.Join(r.save(o.selected.json, r.asJSON), r.save(o.selected.stryker, r.asStryker))
}

// judge judges mutants on the cluster of the flags.
func (o options) judge(ctx context.Context, mutants []generate.Mutant, out io.Writer) (v []judge.Verdict, err error) {
	provider, err := acceptance.OpenCluster(o.suite.backend, o.suite.chart, o.suite.clusterOptions, out)
	if err != nil {
		return nil, err
	}
	unchanged := trial{suite: o.suite, chart: o.suite.chart}
	if v, err := unchanged.lint(ctx); err != nil || v.caught() {
		return nil, errors.Join(err, v.unfit())
	}
	if err := provider.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	fmt.Fprintf(out, "%d mutants; running the scenarios with the unchanged chart\n", len(mutants))
	progress := newProgress(out)
	return judge.Run(ctx, provider, mutants, judge.Options{
		Suite: o.suite.tested, Chart: o.suite.chart, Wait: o.suite.wait, Concurrency: o.suite.concurrency,
		Recorded: func(scenarios, commands int) {
			fmt.Fprintf(out, "the unchanged chart passes: %d scenarios, %d Helm commands\n", scenarios, commands)
		},
		Progress: progress.show, Cache: o.cache(), Environment: fmt.Sprint(o.suite.backend, o.suite.clusterOptions),
	})
}

// cache returns the file for the outcomes of scenarios.
func (o options) cache() string {
	user, err := os.UserCacheDir()
	if err != nil || o.selected.noCache {
		return ""
	}
	return filepath.Join(user, "traderadmin-charts", "mutants", filepath.Base(o.suite.chart)+".json")
}

// progress prints how far a judge is, but not after each mutant.
type progress struct {
	out  io.Writer
	last time.Time
}

func newProgress(out io.Writer) *progress { return &progress{out, time.Now()} }

// progressInterval is the time between two lines of progress.
const progressInterval = 5 * time.Second

func (p *progress) show(now judge.Progress) {
	if time.Since(p.last) < progressInterval {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.out, "%d of %d: %d caught, %d survived, %d not rendered; about %s left\n",
		now.Done, now.All, now.Killed, now.Survived, now.NotRendered, now.Left.Round(time.Second))
}

// save writes a report to a file, unless its path is empty.
func (r report) save(path string, content func() ([]byte, error)) error {
	if path == "" {
		return nil
	}
	text, err := content()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
