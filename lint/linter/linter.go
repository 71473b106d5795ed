// Package linter lints Helm charts. It renders a chart with each of its values sets for each Kubernetes version, and
// checks every rendering with the rules of lint/rule, and with additional rules of the caller. The lint command is a
// thin layer over it.
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
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/admission"
	"github.com/traderadmin/charts/lint/internal/apicheck"
	"github.com/traderadmin/charts/lint/internal/kubescore"
	"github.com/traderadmin/charts/lint/kubeschema"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/lint/suppression"
)

// Options configure a run. The zero value is ready to use.
type Options struct {
	// Config is the configuration file for all charts. If it is empty, each chart has its own; see [policy.Find].
	Config string
	// Profile replaces that of the configuration, unless it is empty.
	Profile policy.Profile
	// KubeVersions are the Kubernetes versions to lint for, such as 1.37. If there are none, the configuration names
	// them; if it does not, they are the last four minor versions.
	KubeVersions []string
	// ValuesSets are linted besides those of the charts and of the configuration. A set without a name is named after its
	// files and values.
	ValuesSets []ValuesSet
	// Rules run besides the built-in rules.
	Rules []Rule
	// CRDs is a folder of custom resource definitions that the clusters have, besides those that a chart brings.
	CRDs string
	// Policies is a folder of ValidatingAdmissionPolicies and their bindings, which every object must satisfy.
	Policies string
	// Practices runs the checks of kube-score over all charts, even if their configuration does not ask for them.
	// kube-score is built on first use, which takes about a minute and needs Go.
	Practices bool
	// API asks the API server's validation about all charts, even if their configuration does not. Its program, the
	// embedded control plane, is built on first use, which takes some minutes and needs Go.
	API bool
	// Bases are the charts that upgrades start from, by the paths of the charts: folders or archives. For a chart that has
	// one, the API server's validation is started, as for API.
	Bases map[string]string
	// Probes limits the renderings of a chart with values that it offers and that no values set has, such as the other
	// value of a boolean. Zero is the limit of the configuration, and [policy.NoProbes] means none.
	Probes policy.Probes
	// Draws is the number of values that are drawn from the schemas of each chart. Zero is the number of the
	// configuration, and [policy.NoDraws] means none.
	Draws policy.Draws
	// DrawSeed determines which values are drawn.
	DrawSeed int64
	// Helms are other Helms that charts must render alike with: "4", which is built on first use, or paths of helm
	// binaries. Linting itself renders with the SDK of Helm 3.
	Helms []string
	// Separate reports every violation as a finding of its own. By default, those of one cause are one finding, such as
	// the keys that a schema does not describe; see [Finding.Count].
	Separate bool
	// Progress receives the progress of these builds. Nil discards it.
	Progress io.Writer
	// BaseVersions are the previous versions of changed charts, by path. A chart in it must have a different version now.
	// If it is not nil, unused suppressions are not reported, because charts that did not change may need them.
	BaseVersions map[string]string
	// Watch is called when the work on a chart starts, with an empty task, and when a part of it starts, with a task such
	// as "with values-production.yaml". The function that it returns is called when that work ends. It must be safe for
	// concurrent use.
	//
	// Helm's template engine cannot be interrupted, so linting a chart whose templates loop never ends. Lint untrusted
	// charts in a process of their own, and let Watch end it in time, as the lint command does; see Isolate.
	Watch func(chart, task string) (done func())
	// Isolate lints a chart in another process, which calls [WritePart] with the same options, and returns what that
	// wrote. A [LimitError] becomes a finding. If Isolate is nil, charts are linted in this process.
	Isolate func(ctx context.Context, path string) ([]byte, error)
}

// ValuesSet is a way to deploy a chart: values that override its own.
type ValuesSet = policy.ValuesSet

// Run lints the charts at paths, which are folders or archives, concurrently. A chart that Helm cannot load is a
// finding. Run returns an error and no result if there is no chart at a path, or if a values file or the configuration
// cannot be read or is invalid. The error joins those of all charts. Findings are not an error.
//
// Cancelling ctx stops the run before the next rendering, but not within one; see [Options.Watch].
func Run(ctx context.Context, paths []string, options Options) (*Result, error) {
	start := time.Now()
	r, err := newRun(options)
	if err != nil {
		return nil, err
	}
	if err := r.startPrograms(ctx, paths); err != nil {
		return nil, err
	}
	if r.anyPolicy(paths, r.hasDraws) {
		fmt.Fprintf(r.options.Progress, "Values are drawn with --draw-seed %d.\n", options.DrawSeed)
	}
	linted := make([]*linted, len(paths))
	err = r.eachChart(paths, func(i int, path string) (err error) {
		if options.Isolate != nil {
			linted[i], err = r.isolated(ctx, path)
		} else {
			linted[i], err = r.lint(ctx, path)
		}
		return err
	})
	if err := cmp.Or(err, r.stopPrograms()); err != nil {
		return nil, err
	}
	result := r.result(linted)
	result.Duration = time.Since(start)
	return result, nil
}

// run is the state of a run.
type run struct {
	options   Options
	own       []*rule.Rule // Options.Rules
	crds      *kubeschema.CRDs
	admission []*admission.Policy
	rendering chan struct{} // a semaphore with a slot for each core
	policies  policies
	practices *kubescore.Runner // nil unless a chart asks for practices
	api       *apicheck.Runner  // nil unless a chart asks for it
	helms     []helmBinary
}

// startPrograms starts what lints charts in other processes, one after another: a mistake in --helm is reported before
// anything is built. They start before the charts are linted, because a build must not count towards the time that a
// chart may take.
func (r *run) startPrograms(ctx context.Context, paths []string) error {
	if r.options.Progress == nil {
		r.options.Progress = io.Discard
	}
	if err := r.findHelms(ctx); err != nil {
		return err
	}
	if err := r.startPractices(ctx, paths); err != nil {
		return err
	}
	if err := r.startAPI(ctx, paths); err != nil {
		return errors.Join(err, r.stopPractices())
	}
	return nil
}

// stopPrograms stops what startPrograms started.
func (r *run) stopPrograms() error { return errors.Join(r.stopPractices(), r.stopAPI()) }

// anyPolicy reports whether the policy of one of the charts has a property.
func (r *run) anyPolicy(paths []string, has func(*policy.Policy) bool) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		p, err := r.policies.load(r.options.Config, path)
		return err == nil && has(p) // linting the chart returns the error
	})
}

func newRun(options Options) (*run, error) {
	own, err := ownRules(options.Rules)
	if err != nil {
		return nil, err
	}
	r := &run{options: options, own: own, rendering: make(chan struct{}, runtime.GOMAXPROCS(0))}
	r.policies.profile = options.Profile
	r.policies.rules = slices.Concat(rule.IDs(), ids(own))
	if options.CRDs != "" {
		if r.crds, err = kubeschema.LoadCRDs(options.CRDs); err != nil {
			return nil, err
		}
	}
	if options.Policies != "" {
		r.admission, err = admission.Load(options.Policies)
	}
	return r, err
}

// eachChart visits the charts concurrently. It joins their errors in the order of the charts. Charts that share a
// configuration fail with the same error, which is joined once.
func (r *run) eachChart(paths []string, visit func(int, string) error) error {
	failures := make([]error, len(paths))
	var charts errgroup.Group
	charts.SetLimit(cap(r.rendering))
	for i, path := range paths {
		charts.Go(func() error {
			defer recoverInto(&failures[i], path)
			defer r.watch(path, "")()
			failures[i] = visit(i, path)
			return nil
		})
	}
	_ = charts.Wait() // every error is in failures
	seen := map[string]bool{}
	return errors.Join(slices.DeleteFunc(failures, func(err error) bool {
		if err == nil || seen[err.Error()] {
			return true
		}
		seen[err.Error()] = true
		return false
	})...)
}

func (r *run) watch(chart, task string) (done func()) {
	if r.options.Watch == nil {
		return func() {}
	}
	return r.options.Watch(chart, task)
}

// recoverInto turns a panic into an error that names the chart.
func recoverInto(err *error, path string) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("lint %s: panic: %v\n%s", path, cause, debug.Stack())
	}
}

// linted is a chart with its findings.
type linted struct {
	chart    Chart
	policy   *policy.Policy
	findings []Finding
	used     []bool // by suppression of the policy: whether it accepted a finding
	comments comments
}

// opened is a loaded chart with its policy and the variants to lint.
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

// eachRendering renders a chart for its variants, the values sets concurrently. It calls do with each rendering and
// the index of the last of the planned renderings that are the same.
func (r *run) eachRendering(ctx context.Context, o *opened, do func(int, rendering, *chart.Rendered) error) error {
	var group errgroup.Group
	planned := o.variants.renderings
	for first := 0; first < len(planned); {
		sameSet := planned[first:]
		if end := slices.IndexFunc(sameSet, func(p rendering) bool { return p.set != sameSet[0].set }); end >= 0 {
			sameSet = sameSet[:end]
		}
		at := first
		first += len(sameSet)
		group.Go(func() (err error) {
			defer recoverInto(&err, o.path)
			r.rendering <- struct{}{}
			defer func() { <-r.rendering }()
			if err := ctx.Err(); err != nil {
				return err
			}
			name := o.variants.sets[sameSet[0].set].Name()
			done := r.watch(o.path, "rendering it with "+name)
			rendered := o.chart.RenderEach(variantsOf(sameSet))
			done()
			defer r.watch(o.path, "checking it with "+name)()
			return joinSame(sameSet, rendered, func(i int, joined rendering, rendered *chart.Rendered) error {
				return do(at+i, joined, rendered)
			})
		})
	}
	return group.Wait()
}

func variantsOf(planned []rendering) []chart.Variant {
	var variants []chart.Variant
	for _, p := range planned {
		variants = append(variants, p.variant)
	}
	return variants
}

// joinSame visits the renderings of one values set on several Kubernetes versions, joined if they are the same.
func joinSame(
	planned []rendering, rendered []*chart.Rendered, do func(int, rendering, *chart.Rendered) error,
) error {
	for i := 0; i < len(rendered); {
		joined, first := planned[i], i
		joined.versions = slices.Clone(joined.versions)
		for i++; i < len(rendered) && rendered[i] == rendered[first]; i++ {
			joined.variant = planned[i].variant
			joined.versions = append(joined.versions, planned[i].versions...)
		}
		if err := do(i-1, joined, rendered[first]); err != nil {
			return err
		}
	}
	return nil
}

// lint lints one chart.
func (r *run) lint(ctx context.Context, path string) (*linted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := r.open(path)
	if refused := (*chart.LoadError)(nil); errors.As(err, &refused) {
		return r.unloadable(path, refused)
	} else if err != nil {
		return nil, err
	}
	v, rules := o.variants, r.rules(o.policy)
	known := slices.Concat(r.policies.rules, ids(rule.CustomOf(o.policy)))
	comments := comments{all: suppression.Read(o.chart, v.sets, known)}
	found := make([][]occurrence[Finding], len(v.renderings))
	releases := newReleases(o)
	unknown, err := r.unknownFlags(ctx, o.chart)
	if err != nil {
		return nil, err
	}
	var base, valid baseRendering
	if err := r.eachRendering(ctx, o, func(i int, rendering rendering, rendered *chart.Rendered) error {
		releases.add(i, rendered)
		base.offer(rendering, rendered, len(v.versions)-1)
		if r.hasDraws(o.policy) && len(valuesschema.Violations(rendered)) == 0 {
			valid.offer(rendering, rendered, len(v.versions)-1)
		}
		practices, err := r.checkPractices(o.policy, rendered)
		if err != nil {
			return err
		}
		helms, err := r.checkHelms(ctx, rendering, rendered)
		if err != nil {
			return err
		}
		verdicts, err := r.verdicts(o, rendering, rendered)
		found[i] = v.check(rendering, rules, rule.Pass{
			Chart:       o.chart,
			Rendered:    rendered,
			Policy:      o.policy,
			CRDs:        r.crds,
			BaseVersion: r.options.BaseVersions[path],
			Practices:   practices,
			Verdicts:    verdicts,
			Helms:       helms,
			Comments:    comments.all,

			UnknownFlags:      unknown,
			AdmissionPolicies: r.admission,
		})
		return err
	}); err != nil {
		return nil, err
	}
	differing, err := r.compareReleases(ctx, releases, rules)
	if err != nil {
		return nil, err
	}
	l := &linted{
		chart: Chart{
			Path: path, Name: o.chart.Name(), Version: o.chart.Version(),
			ValuesSets: v.setNames(), KubeVersions: v.versions,
		},
		policy:   o.policy,
		used:     make([]bool, len(o.policy.Suppressions)),
		comments: comments,
	}
	upgrades, err := r.newUpgrades(o, rules)
	if err != nil {
		return nil, err
	}
	upgraded, err := upgrades.check(ctx)
	if err != nil {
		return nil, err
	}
	all := joinRefusals(slices.Concat(slices.Concat(found...), differing, upgraded))
	acceptDemands(v, o.policy, all)
	remaining := slices.DeleteFunc(slices.Clone(all), func(o occurrence[Finding]) bool {
		return l.suppresses(o.item, v.sets[o.set].Name())
	})
	remaining = dropPredicted(remaining)
	if !r.options.Separate {
		remaining = join(remaining)
	}
	l.findings = merge(v, remaining, func(f *Finding, variants string) { f.Variants = variants })
	reused, err := upgrades.checkOldValues(ctx, l, all)
	if err != nil {
		return nil, err
	}
	l.findings = append(l.findings, reused...)
	l.findings = append(l.findings, upgrades.checkVersion(l, remaining, reused)...)
	probed := r.probe(ctx, o, &base, all)
	unsuppressed := slices.DeleteFunc(probed, func(f Finding) bool { return l.suppresses(f, probesName) })
	l.findings = append(l.findings, unsuppressed...)
	drawn, err := r.drawValues(ctx, o, &valid, all)
	if err != nil {
		return nil, err
	}
	unsuppressed = slices.DeleteFunc(drawn, func(f Finding) bool { return l.suppresses(f, drawsName) })
	l.findings = append(l.findings, unsuppressed...)
	l.findings = append(l.findings, r.checkComments(l, rules)...)
	return l, nil
}

// suppresses reports whether the policy or a comment accepts a finding, and marks the matching suppressions as used.
func (l *linted) suppresses(f Finding, valuesSet string) bool {
	accepted := l.comments.suppress(f)
	for i := range l.policy.Suppressions {
		s := &l.policy.Suppressions[i]
		if !s.Expired(time.Now()) && s.Matches(f.Rule, f.Object, f.Container, valuesSet) {
			l.used[i], accepted = true, true
		}
	}
	return accepted
}

// result joins the findings in all charts. Those in a policy are attributed to the first chart that has it.
func (r *run) result(all []*linted) *Result {
	result := &Result{Charts: []Chart{}, own: r.own}
	checked := map[*policy.Policy]bool{}
	for _, l := range all {
		findings := l.findings
		if !checked[l.policy] {
			checked[l.policy] = true
			result.own = append(slices.Clip(result.own), rule.CustomOf(l.policy)...)
			findings = append(findings, r.checkPolicy(l.chart.Path, l.policy, all)...)
		}
		slices.SortStableFunc(findings, compareInChart)
		result.Charts = append(result.Charts, l.chart)
		result.Findings = append(result.Findings, findings...)
		result.Rules = append(result.Rules, ids(r.rules(l.policy))...)
	}
	slices.Sort(result.Rules)
	result.Rules = slices.Compact(result.Rules)
	return result
}

// checkPolicy runs the rules about the policy itself. It knows which suppressions are unused from all charts that
// share it.
func (r *run) checkPolicy(path string, p *policy.Policy, all []*linted) []Finding {
	pass := rule.Pass{Policy: p}
	for i, s := range p.Suppressions {
		used := slices.ContainsFunc(all, func(l *linted) bool { return l.policy == p && l.used[i] })
		onlyChanged := r.options.BaseVersions != nil // a chart that did not change may need it
		ruleIsOff := rule.IsPractice(s.Rule) && !r.hasPractices(p) ||
			p.Profile == policy.Minimal && rule.Find(s.Rule) != nil && rule.Find(s.Rule).Practice
		dependsOnSeed := slices.Contains(drawRules, s.Rule)
		ruleIsOff = ruleIsOff || r.isUnasked(s.Rule, p) || dependsOnSeed
		if !used && !onlyChanged && !ruleIsOff && !s.Expired(time.Now()) {
			pass.Unused = append(pass.Unused, s)
		}
	}
	var findings []Finding
	for _, rl := range r.rules(p) {
		if rl.ChecksPolicy {
			for _, f := range rl.Run(pass) {
				findings = append(findings, newFinding(path, f))
			}
		}
	}
	return findings
}

// rules returns the rules that run under a policy.
func (r *run) rules(p *policy.Policy) []*rule.Rule {
	rules := slices.Concat(rule.All(), r.own, rule.CustomOf(p))
	if r.hasPractices(p) {
		rules = append(rules, rule.PracticesOf(p)...)
	}
	return slices.DeleteFunc(rules, func(rl *rule.Rule) bool {
		return r.isUnasked(rl.ID, p) || p.Severity(rl.ID, rl.Severity, rl.Practice) == policy.Off
	})
}

// isUnasked reports whether a rule does not run because neither the options nor a policy ask for it.
func (r *run) isUnasked(id string, p *policy.Policy) bool {
	return id == rule.APIRefuses && !r.hasAPI(p) || slices.Contains(drawRules, id) && !r.hasDraws(p) || r.lacksBases(id)
}

func ids(rules []*rule.Rule) []string {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	return ids
}
