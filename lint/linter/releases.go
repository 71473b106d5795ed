package linter

import (
	"context"
	"maps"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/rule"
)

// releases plans the renderings of a chart for another release. The default values are rendered for it completely, and
// every other values set only as far as its objects are not in the rendering of a set before it.
type releases struct {
	opened   *opened
	outlines []outline       // by rendering
	first    *chart.Rendered // of the default values, on the newest Kubernetes version
}

// outline lists what a rendering has.
type outline struct {
	kinds   map[templateKind]bool
	objects map[string]bool
}

type templateKind struct{ template, kind string }

func newReleases(o *opened) *releases {
	return &releases{opened: o, outlines: make([]outline, len(o.variants.renderings))}
}

// add records a rendering. It may be called concurrently for different renderings.
func (rs *releases) add(i int, rendered *chart.Rendered) {
	out := outline{kinds: map[templateKind]bool{}, objects: map[string]bool{}}
	for _, o := range rendered.Objects {
		out.kinds[templateKind{o.Template(), o.Kind}] = true
		out.objects[rendered.Stable(o.String())] = true
	}
	rs.outlines[i] = out
	if i == rs.newest(0) {
		rs.first = rendered
	}
}

// outline returns the outline of a rendering. A rendering that is the same on the next Kubernetes version is recorded
// there.
func (rs *releases) outline(i int) outline {
	for rs.outlines[i].kinds == nil && i+1 < len(rs.outlines) {
		i++
	}
	return rs.outlines[i]
}

// newest returns the index of the rendering of a values set on the newest Kubernetes version.
func (rs *releases) newest(set int) int {
	last := -1
	for i, rendering := range rs.opened.variants.renderings {
		if rendering.set == set {
			last = i
		}
	}
	return last
}

// referredKinds are the kinds that objects in other templates refer to. Their templates are always rendered.
var referredKinds = []string{"ServiceAccount", "Role", "ClusterRole"}

// templates returns the templates to render for a values set, besides those that were rendered for a set before it: nil
// is all of them, and an empty map is none.
func (rs *releases) templates(set int, seen map[templateKind]bool) map[string]bool {
	if set == 0 {
		return nil
	}
	kinds := rs.outlines[rs.newest(set)].kinds
	added, referred := map[string]bool{}, map[string]bool{}
	for at := range kinds {
		if !seen[at] {
			added[at.template] = true
		}
		if slices.Contains(referredKinds, at.kind) {
			referred[at.template] = true
		}
	}
	if len(added) > 0 {
		maps.Copy(added, referred)
	}
	return added
}

// compareReleases renders a chart for another release, and runs the rules that compare it with the default one.
func (r *run) compareReleases(ctx context.Context, rs *releases, rules []*rule.Rule) ([]occurrence[Finding], error) {
	rules = slices.DeleteFunc(slices.Clone(rules), func(rl *rule.Rule) bool { return !rl.ComparesReleases })
	o := rs.opened
	if len(rules) == 0 || o.chart.IsLibrary() {
		return nil, nil
	}
	var found []occurrence[Finding]
	seen := map[templateKind]bool{}
	for set := range o.variants.sets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		templates := rs.templates(set, seen)
		if set > 0 && len(templates) == 0 {
			continue
		}
		newest := rs.newest(set)
		findings, err := r.compare(rs, newest, templates, seen, rules)
		if err != nil {
			return nil, err
		}
		maps.Copy(seen, rs.outlines[newest].kinds)
		for _, f := range findings {
			found = append(found, rs.occurrences(f, set)...)
		}
	}
	return found, nil
}

// compare runs rules on one rendering and the same for another release, but not on the kinds in templates that were
// seen in the rendering of a values set before it.
func (r *run) compare(
	rs *releases, rendering int, templates map[string]bool, seen map[templateKind]bool, rules []*rule.Rule,
) (findings []Finding, err error) {
	o, planned := rs.opened, rs.opened.variants.renderings[rendering]
	defer recoverInto(&err, o.path)
	r.rendering <- struct{}{}
	defer func() { <-r.rendering }()
	name := o.variants.sets[planned.set].Name()
	defer r.watch(o.path, "rendering it for another release with "+name)()
	base := rs.first
	variant := planned.variant.WithTemplates(templates)
	if templates != nil {
		base = o.chart.Render(variant)
	}
	other := o.chart.Render(variant.ForOtherRelease())
	pass := rule.Pass{
		Chart:    o.chart,
		Rendered: base,
		Other:    other,
		Pairs: slices.DeleteFunc(chart.PairObjects(base, other), func(p chart.Pair) bool {
			return seen[templateKind{p.Base.Template(), p.Base.Kind}]
		}),
		Policy:      o.policy,
		CRDs:        r.crds,
		ValuesSet:   name,
		KubeVersion: planned.variant.KubeVersion(),
	}
	for _, rl := range rules {
		for _, f := range rl.Run(pass) {
			findings = append(findings, newFinding(o.chart.Path(), f))
		}
	}
	return findings, nil
}

// occurrences returns the variants of a finding: all that render its object.
func (rs *releases) occurrences(f Finding, set int) []occurrence[Finding] {
	var found []occurrence[Finding]
	for i, rendering := range rs.opened.variants.renderings {
		if rendering.set != set && f.Object != "" && !rs.outline(i).objects[f.Object] {
			continue
		}
		for _, version := range rendering.versions {
			found = append(found, occurrence[Finding]{f, rendering.set, version})
		}
	}
	return found
}
