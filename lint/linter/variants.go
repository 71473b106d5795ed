package linter

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// variants are the ways to deploy a chart that it is linted for: each of sets on each of versions.
type variants struct {
	sets      []*chart.ValuesSet // the first is nil, the default values
	versions  []string           // Kubernetes versions, the oldest first, such as v1.37.2
	byVersion []chart.Variant    // the default values on each of them

	renderings []rendering // as few as serve all variants
}

// newVariants reads the values sets: the default values, the chart's own, the policy's and those of the options.
func newVariants(c *chart.Chart, p *policy.Policy, options Options) (*variants, error) {
	v := &variants{sets: []*chart.ValuesSet{nil}}
	own, err := c.ValuesSets()
	if err != nil {
		return nil, err
	}
	var given []*chart.ValuesSet
	for _, set := range slices.Concat(p.ValuesSets, options.ValuesSets) {
		read, err := chart.ReadValuesSet(setName(set), set.Files, set.Set, set.Position)
		if err != nil {
			return nil, err
		}
		given = append(given, read)
	}
	for _, set := range slices.Concat(own, given) {
		same := func(other *chart.ValuesSet) bool { return other != nil && other.Same(set) }
		if !slices.ContainsFunc(v.sets, same) {
			v.sets = append(v.sets, set)
		}
	}
	if err := v.readVersions(p, options); err != nil {
		return nil, err
	}
	v.plan(c)
	return v, nil
}

// setName is what a values set is called, such as "base.yaml + production.yaml + image.tag=1.2" where it has no name of its own.
func setName(set policy.ValuesSet) string {
	if set.Name != "" {
		return set.Name
	}
	var parts []string
	for _, file := range set.Files {
		parts = append(parts, filepath.Base(file))
	}
	return strings.Join(append(parts, set.Set...), " + ")
}

// readVersions takes the Kubernetes versions from the options, else from the policy, else the usual ones.
func (v *variants) readVersions(p *policy.Policy, options Options) error {
	versions := options.KubeVersions
	if len(versions) == 0 {
		versions = p.KubeVersions
	}
	if len(versions) == 0 {
		versions = chart.KubeVersions()
	}
	for _, version := range versions {
		variant, err := chart.NewVariant(version)
		if err != nil {
			return err
		}
		v.byVersion = append(v.byVersion, variant)
	}
	byVersion := func(a, b chart.Variant) int { return semver.Compare(a.KubeVersion(), b.KubeVersion()) }
	slices.SortFunc(v.byVersion, byVersion)
	v.byVersion = slices.CompactFunc(v.byVersion, func(a, b chart.Variant) bool { return byVersion(a, b) == 0 })
	for _, variant := range v.byVersion {
		v.versions = append(v.versions, variant.KubeVersion())
	}
	return nil
}

func (v *variants) setNames() []string {
	var names []string
	for _, set := range v.sets {
		names = append(names, set.Name())
	}
	return names
}

// rendering is a rendering of a chart that serves some of its variants: one values set on some Kubernetes versions.
type rendering struct {
	variant  chart.Variant
	set      int   // of variants.sets
	versions []int // of variants.versions
}

// plan fills in the renderings: where the chart does not ask for Capabilities, one for all Kubernetes versions, on the newest.
func (v *variants) plan(c *chart.Chart) {
	for s, set := range v.sets {
		asks := c.DependsOnKubeVersion(set)
		for n, variant := range v.byVersion {
			if n == 0 || asks {
				v.renderings = append(v.renderings, rendering{set: s})
			}
			if asks {
				variant = serving(variant)
			}
			last := &v.renderings[len(v.renderings)-1]
			last.variant, last.versions = variant.WithValues(set), append(last.versions, n)
		}
	}
}

// serving is a variant with the API versions that its Kubernetes version serves, where they are known.
func serving(variant chart.Variant) chart.Variant {
	version, err := kubeschema.ParseVersion(variant.KubeVersion())
	if err != nil {
		return variant
	}
	if served := version.APIVersions(); len(served) > 0 {
		return variant.WithAPIVersions(served)
	}
	return variant
}

// occurrence is a finding in one variant.
type occurrence struct {
	finding      rule.Finding
	set, version int
}

// check runs the rules on a rendering: once, but for those that depend on the Kubernetes version even so.
func (v *variants) check(r rendering, rules []*rule.Rule, pass rule.Pass) []occurrence {
	var found []occurrence
	for _, rl := range rules {
		if rl.OfPolicy {
			continue
		}
		pass.KubeVersion = r.variant.KubeVersion()
		var findings []rule.Finding
		if !rl.ByVersion {
			findings = rl.Run(pass)
		}
		for _, n := range r.versions {
			if rl.ByVersion {
				pass.KubeVersion = v.versions[n]
				findings = rl.Run(pass)
			}
			for _, f := range findings {
				found = append(found, occurrence{finding: f, set: r.set, version: n})
			}
		}
	}
	return found
}

// identity is what makes two findings one.
type identity struct {
	finding rule.Finding // without its pointer
	value   chart.ValueSource
}

func identify(f rule.Finding) identity {
	id := identity{finding: f}
	if f.Value != nil {
		id.value, id.finding.Value = *f.Value, nil
	}
	return id
}

// merge makes one finding of those that differ in nothing but their variants, which it names.
func (v *variants) merge(found []occurrence) []rule.Finding {
	at := map[identity]grid{}
	var order []occurrence
	for _, o := range found {
		id := identify(o.finding)
		if at[id] == nil {
			at[id] = newGrid(len(v.sets), len(v.versions))
			order = append(order, o)
		}
		at[id][o.set][o.version] = true
	}
	var findings []rule.Finding
	for _, o := range order {
		o.finding.Variants = v.describe(at[identify(o.finding)])
		findings = append(findings, o.finding)
	}
	return findings
}

// grid says of each values set and Kubernetes version whether it is meant.
type grid [][]bool

func newGrid(sets, versions int) grid {
	g := make(grid, sets)
	for i := range g {
		g[i] = make([]bool, versions)
	}
	return g
}

// describe names the variants of a grid: nothing for all of them, else the values sets, the Kubernetes versions, or both.
func (v *variants) describe(g grid) string {
	var patterns []string // of versions, in the order of the sets that have them
	sets := map[string][]string{}
	for s, set := range v.sets {
		if !slices.Contains(g[s], true) {
			continue
		}
		pattern := v.describeVersions(g[s])
		if sets[pattern] == nil {
			patterns = append(patterns, pattern)
		}
		sets[pattern] = append(sets[pattern], set.Name())
	}
	var parts []string
	for _, versions := range patterns {
		names := strings.Join(sets[versions], ", ")
		switch {
		case len(sets[versions]) == len(v.sets):
			parts = append(parts, versions)
		case versions == "":
			parts = append(parts, names)
		default:
			parts = append(parts, names+" on "+versions)
		}
	}
	return strings.Join(parts, "; ")
}

// describeVersions names Kubernetes versions: nothing for all of them, else such as "Kubernetes 1.36+".
func (v *variants) describeVersions(meant []bool) string {
	if !slices.Contains(meant, false) {
		return ""
	}
	first := slices.Index(meant, true)
	if !slices.Contains(meant[first:], false) && first < len(meant)-1 {
		return fmt.Sprintf("Kubernetes %s+", v.shortVersion(first))
	}
	var names []string
	for n := range meant {
		if meant[n] {
			names = append(names, v.shortVersion(n))
		}
	}
	return "Kubernetes " + strings.Join(names, ", ")
}

// shortVersion is a Kubernetes version as people say it: the minor, unless there are several of one.
func (v *variants) shortVersion(n int) string {
	minor := semver.MajorMinor(v.versions[n])
	alike := slices.DeleteFunc(slices.Clone(v.versions), func(other string) bool { return semver.MajorMinor(other) != minor })
	if len(alike) > 1 {
		minor = v.versions[n]
	}
	return strings.TrimPrefix(minor, "v")
}
