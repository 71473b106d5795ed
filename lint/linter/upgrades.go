package linter

import (
	"context"
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/internal/upgrade"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// upgrades are the upgrades of a chart from another chart, its base. The base is rendered as the first revision of a
// release, and the chart as the second.
type upgrades struct {
	*run
	*opened
	base     *chart.Chart
	baseSets []*chart.ValuesSet // the first is nil, which stands for the default values
	rules    []*rule.Rule
	// nextVersion means that the chart still has the version of its base. It is rendered as the next version, because
	// it will be released as that.
	nextVersion bool

	installed bool                       // the base can be installed with some values
	failures  []chart.Failure            // why it cannot be installed with others
	fresh     map[string]*chart.Rendered // upgrades on the newest Kubernetes version, by the name of the values set
}

// newUpgrades loads the base of a chart. It returns nil if there is none.
func (r *run) newUpgrades(o *opened, rules []*rule.Rule) (*upgrades, error) {
	path, given := r.options.Bases[o.path]
	if !given || o.chart.IsLibrary() {
		return nil, nil
	}
	base, err := chart.Load(path)
	if err != nil {
		return nil, fmt.Errorf("upgrade %s: %w", o.path, err)
	}
	sets, err := base.ValuesSets()
	if err != nil {
		return nil, err
	}
	return &upgrades{
		run: r, opened: o, base: base, baseSets: append([]*chart.ValuesSet{nil}, sets...),
		rules:       slices.DeleteFunc(slices.Clone(rules), func(rl *rule.Rule) bool { return !rl.ComparesUpgrade }),
		nextVersion: base.Version() == o.chart.Version(),
		fresh:       map[string]*chart.Rendered{},
	}, nil
}

// check runs the rules about upgrades on the upgrade with each values set of the chart. The base is installed with its
// own set of that name, or else with the same values.
func (u *upgrades) check(ctx context.Context) ([]occurrence[Finding], error) {
	if u == nil {
		return nil, nil
	}
	found := u.compareDefaults()
	for i, set := range u.variants.sets {
		occurrences, err := u.checkSet(ctx, i, u.baseSet(set), set)
		if err != nil {
			return nil, err
		}
		found = append(found, occurrences...)
	}
	if !u.installed {
		return nil, fmt.Errorf("the chart to upgrade %s from cannot be installed with any of its values sets: %s: %s",
			u.path, u.failures[0].Position, u.failures[0].Message)
	}
	return found, nil
}

// baseSet returns the values set of the base that has the name of a set of the chart, or else that set itself.
func (u *upgrades) baseSet(set *chart.ValuesSet) *chart.ValuesSet {
	for _, s := range u.baseSets {
		if s.Name() == set.Name() {
			return s
		}
	}
	return set
}

// checkSet runs the rules on the upgrade from the base with one values set to the chart with another, on each
// Kubernetes version. index is that of the values set in the findings.
func (u *upgrades) checkSet(
	ctx context.Context, index int, before, after *chart.ValuesSet,
) (found []occurrence[Finding], err error) {
	defer recoverInto(&err, u.path)
	u.rendering <- struct{}{}
	defer func() { <-u.rendering }()
	defer u.watch(u.path, "upgrading it with "+after.Name())()
	var upgraded *upgrade.Upgrade
	differs := u.base.DependsOnKubeVersion(before) || u.chart.DependsOnKubeVersion(after)
	newest := len(u.variants.byVersion) - 1
	for n, variant := range slices.Backward(u.variants.byVersion) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if differs {
			variant = withServedAPIs(variant)
		}
		if differs || n == newest {
			upgraded = u.upgrade(variant, before, after)
		}
		if upgraded == nil {
			continue
		}
		if n == newest {
			u.fresh[after.Name()] = upgraded.After
		}
		findings, err := u.runRules(&rule.Upgrade{Upgrade: upgraded}, variant)
		if err != nil {
			return nil, err
		}
		for _, f := range findings {
			found = append(found, occurrence[Finding]{f, index, n})
		}
	}
	return found, nil
}

// runRules runs the rules on an upgrade.
func (u *upgrades) runRules(checked *rule.Upgrade, variant chart.Variant) (findings []Finding, err error) {
	checked.Base, checked.NextVersion = u.base, u.nextVersion
	checked.Refused, err = checked.Upgrade.Refused(u.api, variant.KubeVersion())
	if err != nil {
		return nil, err
	}
	if checked.Clashes, err = checked.Upgrade.Clashes(u.api, variant.KubeVersion()); err != nil {
		return nil, err
	}
	pass := rule.Pass{
		Chart: u.chart, Rendered: checked.After, Policy: u.policy, CRDs: u.crds, Upgrade: checked,
		ValuesSet: checked.After.ValuesSet().Name(), KubeVersion: variant.KubeVersion(),
	}
	for _, rl := range u.rules {
		if rl.ComparesDefaults {
			continue
		}
		for _, f := range rl.Run(pass) {
			findings = append(findings, newFinding(u.path, f))
		}
	}
	return findings, nil
}

// compareDefaults runs the rules that compare the default values. Their findings are those of all variants.
func (u *upgrades) compareDefaults() []occurrence[Finding] {
	u.rendering <- struct{}{}
	defer func() { <-u.rendering }()
	defer u.watch(u.path, "upgrading it with "+u.variants.sets[0].Name())()
	newest := u.variants.byVersion[len(u.variants.byVersion)-1]
	before, after := u.base.Render(newest), u.chart.Render(newest)
	pass := rule.Pass{
		Chart: u.chart, Rendered: after, Policy: u.policy, KubeVersion: newest.KubeVersion(),
		Upgrade: &rule.Upgrade{Upgrade: upgrade.New(before, after), Base: u.base, NextVersion: u.nextVersion},
	}
	var found []occurrence[Finding]
	for _, rl := range u.rules {
		if !rl.ComparesDefaults {
			continue
		}
		for _, f := range rl.Run(pass) {
			for set := range u.variants.sets {
				for n := range u.variants.versions {
					found = append(found, occurrence[Finding]{newFinding(u.path, f), set, n})
				}
			}
		}
	}
	return found
}

// upgrade renders the base and the chart for a variant. It returns nil if either does not render: there is nothing to
// upgrade, or other rules report it.
func (u *upgrades) upgrade(variant chart.Variant, before, after *chart.ValuesSet) *upgrade.Upgrade {
	installed := u.base.Render(variant.WithValues(before))
	if failures := failuresOf(installed); len(failures) > 0 {
		u.failures = append(u.failures, failures...)
		return nil
	}
	u.installed = true
	upgraded := u.chart.Render(variant.WithValues(after).ForUpgrade(u.nextVersion))
	if len(failuresOf(upgraded)) > 0 {
		return nil
	}
	return upgrade.New(installed, upgraded)
}

// failuresOf returns the reasons why Helm would not install what a chart renders to.
func failuresOf(r *chart.Rendered) []chart.Failure {
	return slices.Concat(r.Chart().KubeVersionFailures(r.Variant().KubeVersion()), r.RenderFailures, r.ManifestFailures,
		valuesschema.Violations(r))
}

// lacksBases reports whether a rule does not run because no chart is upgraded.
func (r *run) lacksBases(id string) bool {
	rl := rule.Find(id)
	return rl != nil && rl.ComparesUpgrade && len(r.options.Bases) == 0
}

// predictions are the rules that find in one chart what an upgrade would be refused for.
var predictions = []string{"immutable-version", "job-immutable"}

// dropPredicted leaves out predictions about objects whose upgrade is refused.
func dropPredicted(found []occurrence[Finding]) []occurrence[Finding] {
	refused := map[string]bool{}
	for _, o := range found {
		if o.item.Rule == rule.UpgradeRefused {
			refused[o.item.Object] = true
		}
	}
	return slices.DeleteFunc(found, func(o occurrence[Finding]) bool {
		return slices.Contains(predictions, o.item.Rule) && refused[o.item.Object]
	})
}

// checkVersion compares the version of the chart with the one that its upgrades need, given their findings that are not
// suppressed.
func (u *upgrades) checkVersion(l *linted, upgraded []occurrence[Finding], reused []Finding) []Finding {
	bumped := rule.Find(rule.VersionNotBumped)
	if u == nil || u.policy.Severity(bumped.ID, bumped.Severity, bumped.Practice) == policy.Off {
		return nil
	}
	pass := rule.Pass{Chart: u.chart, Policy: u.policy, BaseVersion: u.base.Version()}
	for _, o := range upgraded {
		reused = append(reused, o.item)
	}
	for _, f := range reused {
		if f.Rule == bumped.ID {
			return nil // it needs a new version anyway
		}
		if f.needs > pass.Needs {
			pass.Needs, pass.Because = f.needs, f.Message
		}
	}
	if pass.Needs == rule.NoBump {
		return nil
	}
	var findings []Finding
	for _, f := range bumped.Run(pass) {
		findings = append(findings, newFinding(u.path, f))
	}
	return slices.DeleteFunc(findings, func(f Finding) bool { return l.suppresses(f, u.variants.sets[0].Name()) })
}
