package linter

import (
	"context"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/internal/apicheck"
	"github.com/traderadmin/charts/lint/internal/upgrade"
	"github.com/traderadmin/charts/lint/rule"
)

// oldValues is a way to upgrade a release with the values that it was installed with.
type oldValues struct {
	name  string // of the values, for findings
	reuse bool   // --reuse-values
}

// describe returns what an upgrade is done with, given the names of values sets; "" stands for all of them.
func (v oldValues) describe(sets string) string {
	switch {
	case sets == "":
		return v.name
	case v.reuse:
		return v.name + " after " + sets
	}
	return sets + " of the base"
}

// checkOldValues runs the rules about upgrades on those with the values that a release was installed with, on the
// newest Kubernetes version: first with the defaults of the chart, then with those of its base, which --reuse-values
// keeps. It returns what is not known from the values sets of the chart.
func (u *upgrades) checkOldValues(ctx context.Context, l *linted, known []occurrence[Finding]) ([]Finding, error) {
	if u == nil {
		return nil, nil
	}
	said := map[findingKey]bool{}
	for _, o := range known {
		said[sameUpgrade(o.item)] = true
	}
	var all []Finding
	for _, values := range []oldValues{{name: "the values of the base"}, {name: "--reuse-values", reuse: true}} {
		found, err := u.checkWith(ctx, values)
		if err != nil {
			return nil, err
		}
		v := u.oldVariants()
		found = slices.DeleteFunc(found, func(o occurrence[Finding]) bool {
			return said[sameUpgrade(o.item)] || l.suppresses(o.item, v.sets[o.set].Name())
		})
		if !u.options.Separate {
			found = join(found)
		}
		for _, f := range merge(v, found, func(f *Finding, sets string) { f.Variants = values.describe(sets) }) {
			said[sameUpgrade(f)] = true
			all = append(all, f)
		}
	}
	return all, nil
}

// sameUpgrade returns the key of a finding that is the same with other values.
func sameUpgrade(f Finding) findingKey {
	return findingKey{f.Rule, f.Position, strings.ReplaceAll(f.Message, " with --reuse-values", "")}
}

// oldVariants returns the variants that a release may be installed with: the values sets of the base, and those of the
// configuration and the options.
func (u *upgrades) oldVariants() *variants {
	newest := len(u.variants.byVersion) - 1
	v := &variants{sets: u.baseSets, versions: u.variants.versions[newest:], byVersion: u.variants.byVersion[newest:]}
	for _, set := range u.variants.sets {
		if set != nil && u.baseSet(set) == set {
			v.sets = append(slices.Clip(v.sets), set)
		}
	}
	return v
}

// checkWith runs the rules on upgrades with old values.
func (u *upgrades) checkWith(ctx context.Context, values oldValues) (found []occurrence[Finding], err error) {
	defer recoverInto(&err, u.path)
	u.rendering <- struct{}{}
	defer func() { <-u.rendering }()
	v := u.oldVariants()
	variant := withServedAPIs(v.byVersion[0])
	for i, set := range v.sets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		done := u.watch(u.path, "upgrading it with "+values.describe(set.Name()))
		checked, err := u.upgradeWith(values, variant, set)
		done()
		if err != nil {
			return nil, err
		}
		if checked == nil {
			continue
		}
		findings, err := u.runRules(checked, variant)
		if err != nil {
			return nil, err
		}
		for _, f := range findings {
			f.Value, f.field = Value{}, ""
			f.Message = strings.ReplaceAll(f.Message, u.base.Path()+"/", "")
			found = append(found, occurrence[Finding]{f, i, 0})
		}
	}
	return found, nil
}

// upgradeWith upgrades a release that was installed with a values set, with old values. It returns nil if that is no
// other upgrade than one that was checked, or if there is nothing to upgrade.
func (u *upgrades) upgradeWith(values oldValues, variant chart.Variant, set *chart.ValuesSet) (*rule.Upgrade, error) {
	present := u.presentSet(set)
	if !values.reuse && present.SetsTheSame(set) {
		return nil, nil
	}
	installed := u.base.Render(variant.WithValues(set))
	if len(failuresOf(installed)) > 0 {
		return nil, nil
	}
	with := variant.WithValues(set)
	if values.reuse {
		var err error
		if with, err = variant.Reusing(installed); err != nil {
			return nil, nil //nolint:nilerr // Helm could not install it with these values
		}
	}
	after := u.chart.Render(with.ForUpgrade(u.nextVersion))
	checked := &rule.Upgrade{Upgrade: upgrade.New(installed, after), Reused: values.reuse}
	checked.Violations = valuesschema.Violations(after)
	checked.Failures = slices.Concat(after.RenderFailures, after.ManifestFailures)
	if len(checked.Failures)+len(checked.Violations) > 0 { // objects are missing, which are not deleted
		checked.Upgrade = &upgrade.Upgrade{Before: installed, After: after}
		return checked, nil
	}
	var err error
	checked.NotCreated, err = u.notCreated(after, u.fresh[present.Name()], variant)
	return checked, err
}

// presentSet returns the values set of the chart that has the name of an old set, or else the default values.
func (u *upgrades) presentSet(old *chart.ValuesSet) *chart.ValuesSet {
	for _, set := range u.variants.sets {
		if set.Name() == old.Name() {
			return set
		}
	}
	return nil
}

// notCreated returns the objects that the API server refuses in a rendering, but not in that with the present values.
func (u *upgrades) notCreated(after, fresh *chart.Rendered, variant chart.Variant) ([]rule.NotCreated, error) {
	refused, err := u.refusals(after, variant)
	if err != nil || len(refused) == 0 || fresh == nil {
		return refused, err
	}
	also, err := u.refusals(fresh, variant)
	return slices.DeleteFunc(refused, func(n rule.NotCreated) bool {
		return slices.ContainsFunc(also, func(other rule.NotCreated) bool {
			return other.Object.String() == n.Object.String() && other.Refusal.Field == n.Refusal.Field
		})
	}), err
}

// refusals returns what the API server refuses in the objects of a rendering.
func (u *upgrades) refusals(r *chart.Rendered, variant chart.Variant) ([]rule.NotCreated, error) {
	release := apicheck.Release{KubernetesVersion: variant.KubeVersion(), Namespace: r.Release().Namespace}
	for _, o := range r.Objects {
		manifest, err := o.JSON()
		if err != nil {
			manifest = map[string]any{} // of no kind
		}
		release.Objects = append(release.Objects, apicheck.Item{Object: manifest})
	}
	verdicts, err := u.api.Check(release)
	var refused []rule.NotCreated
	for i, v := range verdicts {
		for _, refusal := range v.Refusals {
			refused = append(refused, rule.NotCreated{Object: r.Objects[i], Refusal: refusal})
		}
	}
	return refused, err
}
