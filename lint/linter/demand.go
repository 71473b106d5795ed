package linter

import (
	"fmt"
	"slices"

	"github.com/traderadmin/charts/lint/policy"
)

// refusals are the rules about values that Helm refuses.
var refusals = []string{"render-failure", "values-schema-violation"}

// acceptDemands lowers the severity of failures with the default values of a chart that demands other ones on purpose.
// A chart that renders with another of its values sets is not broken. A severity that the policy sets remains.
func acceptDemands(v *variants, p *policy.Policy, found []occurrence[Finding]) {
	fails := map[int]bool{} // by values set
	for _, o := range found {
		fails[o.set] = fails[o.set] || slices.Contains(refusals, o.item.Rule)
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
		_, configured := p.Rules[f.Rule]
		switch {
		case !onlyDefaults || configured:
		case renders > 0:
			f.Severity = Info
			f.Fix = fmt.Sprintf("The chart demands a value on purpose, and renders with %s, where it is checked. To accept "+
				"this, suppress %s for the valuesSet %q.", v.sets[renders].Name(), f.Rule, v.sets[0].Name())
		case len(v.sets) == 1:
			f.Severity = Warning
			f.Fix = "If the chart demands a value on purpose, add a values file ci/NAME-values.yaml with it, so that the " +
				"chart can be checked. Otherwise give the value a default."
		}
	}
}
