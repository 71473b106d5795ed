package linter

import (
	"fmt"
	"slices"
)

const renderFailure = "render-failure"

// acceptDemands lowers the severity of failures with the default values of a chart that demands other ones on purpose.
// A chart that renders with another of its values sets is not broken.
func acceptDemands(v *variants, found []occurrence[Finding]) {
	fails := map[int]bool{} // by values set
	for _, o := range found {
		fails[o.set] = fails[o.set] || o.item.Rule == renderFailure
	}
	renders := -1
	for set := range v.sets {
		if set > 0 && !fails[set] {
			renders = set
			break
		}
	}
	grids := map[Finding]grid{}
	for _, o := range found {
		if o.item.demand {
			if grids[o.item] == nil {
				grids[o.item] = newGrid(len(v.sets), len(v.versions))
			}
			grids[o.item][o.set][o.version] = true
		}
	}
	for i := range found {
		f := &found[i].item
		g := grids[*f]
		f.demand = false
		onlyDefaults := g != nil && !slices.Contains(g[0], false) && !slices.ContainsFunc(g[1:], func(on []bool) bool {
			return slices.Contains(on, true)
		})
		switch {
		case !onlyDefaults:
		case renders > 0:
			f.Severity = Info
			f.Fix = fmt.Sprintf("The chart demands a value on purpose, and renders with %s, where it is checked. To accept "+
				"this, suppress render-failure for the valuesSet %q.", v.sets[renders].Name(), v.sets[0].Name())
		case len(v.sets) == 1:
			f.Severity = Warning
			f.Fix = "If the chart demands a value on purpose, add a values file ci/NAME-values.yaml with it, so that the " +
				"chart can be checked. Otherwise give the value a default."
		}
	}
}
