// Package linter lints Helm charts: it loads them, renders them as Helm would for every way in which they are deployed, and runs
// every rule over the results. It is what the lint command is made of, for programs and tests that lint without starting one.
package linter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
	"github.com/traderadmin/charts/lint/kubescore"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// Options say how charts are linted. The zero value is ready to use.
type Options struct {
	// Config is the configuration file for all charts; empty is that of each chart, see [policy.Find].
	Config string
	// KubeVersions are the Kubernetes versions to lint for, such as 1.37; none are those of the configuration, else
	// [chart.KubeVersions].
	KubeVersions []string
	// ValuesSets are ways to deploy the charts besides those that they and the configuration name. A set without a name is called
	// after its files and values.
	ValuesSets []policy.ValuesSet
	// CRDs is a folder of custom resource definitions that the clusters have besides those that come with a chart; empty is none.
	CRDs string
	// Watch, where there is one, is called as the work on a chart begins, and for the parts of it, which say what they are doing: "with
	// values-production.yaml". The function that it returns is called when that has ended. Charts are programs, and
	// Helm's template engine cannot be interrupted: one that loops goes on for as long as the process that lints it. Who lints what
	// strangers wrote does so in a process of its own, which this lets end itself; see lint/watchdog.go. It must be safe for
	// concurrent use.
	Watch func(chart, doing string) (done func())
	// Practices has the checks of kube-score run over all charts, and not only over those whose policy asks for them.
	Practices bool
	// Progress is told how the build of kube-score goes, if it is needed; nil is nobody.
	Progress io.Writer
	// BaseVersions are the versions that charts had before they changed, by path, where they have to have another now.
	BaseVersions map[string]string
}

// Result is what there is to say about some charts.
type Result struct {
	// Charts are those that were linted, in the order given.
	Charts []Chart `json:"charts"`
	// Rules are the IDs of the rules that ran, in order.
	Rules []string `json:"rules"`
	// Findings are in the order of Charts, then of file, line and rule.
	Findings []rule.Finding `json:"findings"`
	// Duration is how long the run took.
	Duration time.Duration `json:"-"`
}

// Chart is a chart that was linted, and the ways to deploy it that it was linted for: each values set on each Kubernetes version.
type Chart struct {
	Path    string `json:"path"` // as it was given; findings name it by this
	Name    string `json:"name"`
	Version string `json:"version"`
	// ValuesSets are the names of the values sets, the first of which is the chart's default values.
	ValuesSets []string `json:"valuesSets"`
	// KubeVersions are the Kubernetes versions, such as v1.37.2.
	KubeVersions []string `json:"kubeVersions"`
}

// Count is the number of findings of a severity.
func (r *Result) Count(s rule.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Run lints the charts at paths, folders or archives, side by side on all cores. It returns an error, and no result, only when
// it could not look: a chart cannot be loaded, the configuration is mistaken, a values file cannot be read, or a Kubernetes version
// is none. Everything that stands in the way is named. Without paths there is nothing to lint, and nothing found.
//
// A chart whose templates loop is linted without end, whatever becomes of ctx, which is looked at before each rendering: see
// [Options.Watch].
func Run(ctx context.Context, paths []string, options Options) (*Result, error) {
	start := time.Now()
	r, err := newRun(options)
	if err != nil {
		return nil, err
	}
	if err := r.startPractices(ctx, paths); err != nil {
		return nil, err
	}
	linted := make([]*linted, len(paths))
	err = r.eachChart(paths, func(i int, path string) (err error) {
		linted[i], err = r.lint(ctx, path)
		return err
	})
	if err := cmp.Or(err, r.stopPractices()); err != nil {
		return nil, err
	}
	result := r.result(linted)
	result.Duration = time.Since(start)
	return result, nil
}

// run is one run over some charts.
type run struct {
	options  Options
	crds     *kubeschema.CRDs
	cores    chan struct{} // holds as many renderings as may go on at a time
	policies policies

	practices *kubescore.Runner // nil where no chart is to be checked for practices
}

func newRun(options Options) (*run, error) {
	r := &run{options: options, cores: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if options.CRDs == "" {
		return r, nil
	}
	var err error
	r.crds, err = kubeschema.LoadCRDs(options.CRDs)
	return r, err
}

// eachChart visits the charts, side by side. The error holds those of all charts, in order and each once: charts that share a
// configuration share its mistakes.
func (r *run) eachChart(paths []string, visit func(int, string) error) error {
	failures := make([]error, len(paths))
	var charts errgroup.Group
	charts.SetLimit(cap(r.cores))
	for i, path := range paths {
		charts.Go(func() error {
			defer recoverFrom(path, &failures[i])
			defer r.watch(path, "")()
			failures[i] = visit(i, path)
			return nil
		})
	}
	_ = charts.Wait() // failures holds the errors
	met := map[string]bool{}
	return errors.Join(slices.DeleteFunc(failures, func(err error) bool {
		if err == nil || met[err.Error()] {
			return true
		}
		met[err.Error()] = true
		return false
	})...)
}

func (r *run) watch(chart, doing string) (done func()) {
	if r.options.Watch == nil {
		return func() {}
	}
	return r.options.Watch(chart, doing)
}

// recoverFrom turns a panic over a chart into an error: of many charts, the one is named that the linter cannot take.
func recoverFrom(path string, err *error) {
	if failure := recover(); failure != nil {
		*err = fmt.Errorf("lint %s: the linter is at fault: %v\n%s", path, failure, debug.Stack())
	}
}

// linted is a chart and what was found in it.
type linted struct {
	chart    Chart
	policy   *policy.Policy
	findings []rule.Finding
	used     []bool // which of the policy's suppressions accepted something
}

// opened is a chart with what it is to be linted for.
type opened struct {
	path     string
	chart    *chart.Chart
	policy   *policy.Policy
	variants *variants
}

func (r *run) open(path string) (*opened, error) {
	c, err := chart.Load(path)
	if err != nil {
		return nil, err
	}
	p, err := r.policies.load(r.options.Config, path)
	if err != nil {
		return nil, err
	}
	v, err := newVariants(c, p, r.options)
	if err != nil {
		return nil, err
	}
	return &opened{path: path, chart: c, policy: p, variants: v}, nil
}

// eachRendering renders a chart for its variants, side by side, and hands on each rendering with its number.
func (r *run) eachRendering(ctx context.Context, o *opened, do func(int, rendering, *chart.Rendered) error) error {
	var group errgroup.Group
	for i, rendering := range o.variants.renderings {
		group.Go(func() (err error) {
			defer recoverFrom(o.path, &err)
			r.cores <- struct{}{}
			defer func() { <-r.cores }()
			if err := ctx.Err(); err != nil {
				return err
			}
			defer r.watch(o.path, "with "+o.variants.sets[rendering.set].Name())()
			return do(i, rendering, o.chart.Render(rendering.variant))
		})
	}
	return group.Wait()
}

// lint lints one chart.
func (r *run) lint(ctx context.Context, path string) (*linted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := r.open(path)
	if err != nil {
		return nil, err
	}
	v, rules := o.variants, r.rules(o.policy)
	found := make([][]occurrence, len(v.renderings))
	if err := r.eachRendering(ctx, o, func(i int, rendering rendering, rendered *chart.Rendered) error {
		practices, err := r.askPractices(o.policy, rendered)
		found[i] = v.check(rendering, rules, rule.Pass{
			Chart:       o.chart,
			Rendered:    rendered,
			Policy:      o.policy,
			CRDs:        r.crds,
			BaseVersion: r.options.BaseVersions[path],
			Practices:   practices,
		})
		return err
	}); err != nil {
		return nil, err
	}
	l := &linted{
		chart: Chart{
			Path: path, Name: o.chart.Name(), Version: o.chart.Version(),
			ValuesSets: v.setNames(), KubeVersions: v.versions,
		},
		policy: o.policy,
		used:   make([]bool, len(o.policy.Suppressions)),
	}
	l.findings = v.merge(slices.DeleteFunc(slices.Concat(found...), func(o occurrence) bool {
		return l.suppresses(o.finding, v.sets[o.set].Name())
	}))
	return l, nil
}

// suppresses says whether the policy accepts a finding, and notes by which suppression.
func (l *linted) suppresses(f rule.Finding, valuesSet string) bool {
	accepted := false
	for i := range l.policy.Suppressions {
		s := &l.policy.Suppressions[i]
		if !s.Expired(time.Now()) && s.Matches(f.Rule, f.Object, f.Container, valuesSet) {
			l.used[i], accepted = true, true
		}
	}
	return accepted
}

// result joins what was found in the charts with what there is to say about the policies they were held to.
func (r *run) result(all []*linted) *Result {
	result := &Result{Charts: []Chart{}}
	closed := map[*policy.Policy]bool{}
	for _, l := range all {
		result.Charts = append(result.Charts, l.chart)
		findings := l.findings
		if !closed[l.policy] {
			closed[l.policy] = true
			findings = append(findings, r.checkPolicy(l.policy, all)...)
		}
		for i := range findings {
			findings[i].Chart = l.chart.Path
		}
		slices.SortStableFunc(findings, compare)
		result.Findings = append(result.Findings, findings...)
		for _, rl := range r.rules(l.policy) {
			result.Rules = append(result.Rules, rl.ID)
		}
	}
	slices.Sort(result.Rules)
	result.Rules = slices.Compact(result.Rules)
	return result
}

// checkPolicy runs the rules about the policy itself, once for all charts that share it.
func (r *run) checkPolicy(p *policy.Policy, all []*linted) []rule.Finding {
	pass := rule.Pass{Policy: p}
	for i, s := range p.Suppressions {
		used := slices.ContainsFunc(all, func(l *linted) bool { return l.policy == p && l.used[i] })
		// Where charts were chosen by what changed, the suppression may be for one that was not.
		chosen := r.options.BaseVersions != nil
		notAsked := rule.IsPractice(s.Rule) && !r.hasPractices(p)
		if !used && !chosen && !notAsked && !s.Expired(time.Now()) {
			pass.Unused = append(pass.Unused, s)
		}
	}
	var findings []rule.Finding
	for _, rl := range r.rules(p) {
		if rl.OfPolicy {
			findings = append(findings, rl.Run(pass)...)
		}
	}
	return findings
}

func compare(a, b rule.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Position.File, b.Position.File),
		cmp.Compare(a.Position.Line, b.Position.Line),
		cmp.Compare(a.Position.Column, b.Position.Column),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Variants, b.Variants),
	)
}
