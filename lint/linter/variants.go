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

// variants are the variants of a chart that are linted: each values set on each Kubernetes version.
type variants struct {
	sets      []*chart.ValuesSet // the first is nil, which stands for the default values
	versions  []string           // Kubernetes versions such as v1.37.2, the oldest first
	byVersion []chart.Variant    // the default values on each version

	renderings []rendering
}

// newVariants reads the values sets: the default values, then those of the chart, of the policy and of the options.
func newVariants(c *chart.Chart, p *policy.Policy, options Options) (*variants, error) {
	v := &variants{sets: []*chart.ValuesSet{nil}}
	sets, err := c.ValuesSets()
	if err != nil {
		return nil, err
	}
	for _, set := range slices.Concat(p.ValuesSets, options.ValuesSets) {
		read, err := chart.ReadValuesSet(setName(set), set.Files, set.Set, set.Position)
		if err != nil {
			return nil, err
		}
		sets = append(sets, read)
	}
	for _, set := range sets {
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

// setName returns the name of a values set. A set without one is named after its files and values, such as "base.yaml +
// production.yaml + image.tag=1.2".
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

// readVersions takes the Kubernetes versions of the options, or else of the policy, or else the default ones.
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

// rendering is a rendering of a chart with one values set. It serves the Kubernetes versions on which the chart renders
// alike.
type rendering struct {
	variant  chart.Variant
	set      int   // index into variants.sets
	versions []int // indexes into variants.versions
}

// plan chooses the renderings. A chart that does not read Capabilities renders alike on all Kubernetes versions, so it
// is rendered once for each values set, on the newest version.
func (v *variants) plan(c *chart.Chart) {
	for s, set := range v.sets {
		differs := c.DependsOnKubeVersion(set)
		for n, variant := range v.byVersion {
			if n == 0 || differs {
				v.renderings = append(v.renderings, rendering{set: s})
			}
			if differs {
				variant = withServedAPIs(variant)
			}
			last := &v.renderings[len(v.renderings)-1]
			last.variant, last.versions = variant.WithValues(set), append(last.versions, n)
		}
	}
}

// withServedAPIs restricts a variant to the API versions that its Kubernetes version serves, if they are known.
func withServedAPIs(variant chart.Variant) chart.Variant {
	version, err := kubeschema.ParseVersion(variant.KubeVersion())
	if err != nil {
		return variant
	}
	if served := version.APIVersions(); len(served) > 0 {
		return variant.WithAPIVersions(served)
	}
	return variant
}

// check runs rules on a rendering, each once. A rule that depends on the Kubernetes version runs once for each version.
func (v *variants) check(r rendering, rules []*rule.Rule, pass rule.Pass) []occurrence[Finding] {
	pass.ValuesSet = v.sets[r.set].Name()
	var found []occurrence[Finding]
	for _, rl := range rules {
		if !rl.ChecksRendering() {
			continue
		}
		pass.KubeVersion = r.variant.KubeVersion()
		var findings []rule.Finding
		if !rl.VersionDependent {
			findings = rl.Run(pass)
		}
		for _, n := range r.versions {
			if rl.VersionDependent {
				pass.KubeVersion = v.versions[n]
				findings = rl.Run(pass)
			}
			for _, f := range findings {
				found = append(found, occurrence[Finding]{newFinding(pass.Chart.Path(), f), r.set, n})
			}
		}
	}
	return found
}

// occurrence is an item, a finding or a budget, of one variant.
type occurrence[T comparable] struct {
	item    T
	set     int // index into variants.sets
	version int // index into variants.versions
}

// merge merges equal items into one, and calls setVariants with the names of the variants that have it.
func merge[T comparable](v *variants, occurrences []occurrence[T], setVariants func(*T, string)) []T {
	var items []T
	variantsOf := map[T]grid{}
	for _, o := range occurrences {
		if variantsOf[o.item] == nil {
			variantsOf[o.item] = newGrid(len(v.sets), len(v.versions))
			items = append(items, o.item)
		}
		variantsOf[o.item][o.set][o.version] = true
	}
	for i, item := range items {
		setVariants(&items[i], v.describe(variantsOf[item]))
	}
	return items
}

// grid is a set of variants. It is indexed by values set and by Kubernetes version, and true for the members.
type grid [][]bool

func newGrid(sets, versions int) grid {
	g := make(grid, sets)
	for i := range g {
		g[i] = make([]bool, versions)
	}
	return g
}

// describe names the variants of a grid by values sets, Kubernetes versions, or both. It is empty for all variants.
func (v *variants) describe(g grid) string {
	var versions []string           // without duplicates, in the order of the sets
	setsOn := map[string][]string{} // the sets by their versions
	for s, set := range v.sets {
		if !slices.Contains(g[s], true) {
			continue
		}
		on := v.describeVersions(g[s])
		if setsOn[on] == nil {
			versions = append(versions, on)
		}
		setsOn[on] = append(setsOn[on], set.Name())
	}
	var parts []string
	for _, on := range versions {
		names := strings.Join(setsOn[on], ", ")
		switch {
		case len(setsOn[on]) == len(v.sets):
			parts = append(parts, on)
		case on == "":
			parts = append(parts, names)
		default:
			parts = append(parts, names+" on "+on)
		}
	}
	return strings.Join(parts, "; ")
}

// describeVersions names the Kubernetes versions that are true in selected, such as "Kubernetes 1.36+". It is empty if
// all are.
func (v *variants) describeVersions(selected []bool) string {
	if !slices.Contains(selected, false) {
		return ""
	}
	first := slices.Index(selected, true)
	if !slices.Contains(selected[first:], false) && first < len(selected)-1 {
		return fmt.Sprintf("Kubernetes %s+", v.shortVersion(first))
	}
	var names []string
	for n := range selected {
		if selected[n] {
			names = append(names, v.shortVersion(n))
		}
	}
	return "Kubernetes " + strings.Join(names, ", ")
}

// shortVersion returns the minor version, such as 1.37, or the whole version if several have the same minor.
func (v *variants) shortVersion(n int) string {
	minor := semver.MajorMinor(v.versions[n])
	sameMinor := func(version string) bool { return semver.MajorMinor(version) == minor }
	first := slices.IndexFunc(v.versions, sameMinor)
	if slices.ContainsFunc(v.versions[first+1:], sameMinor) {
		minor = v.versions[n]
	}
	return strings.TrimPrefix(minor, "v")
}
