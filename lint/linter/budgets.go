package linter

import (
	"bytes"
	"context"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
)

// Budget is what a release of a chart asks of a cluster, in some of its variants.
type Budget struct {
	// Chart is the path of the chart, as it was given.
	Chart string
	// Variants names the ways to deploy the chart that it holds for, as in a finding; empty is all of them.
	Variants string
	// Table is the budget as lines of text, see [budget.Write].
	Table string
	// Incomplete says that the chart did not render as a whole, and that linting it says why.
	Incomplete bool
}

// Budgets is what releases of the charts at paths ask for: those that differ, in the order of the charts and of their values sets. Options
// and errors are those of [Run].
func Budgets(ctx context.Context, paths []string, options Options) ([]Budget, error) {
	r, err := newRun(options)
	if err != nil {
		return nil, err
	}
	found := make([][]Budget, len(paths))
	if err := r.eachChart(paths, func(i int, path string) (err error) {
		found[i], err = r.budgets(ctx, path)
		return err
	}); err != nil {
		return nil, err
	}
	var all []Budget
	for _, budgets := range found {
		all = append(all, budgets...)
	}
	return all, nil
}

func (r *run) budgets(ctx context.Context, path string) ([]Budget, error) {
	o, err := r.open(path)
	if err != nil {
		return nil, err
	}
	v := o.variants
	rendered := make([]Budget, len(v.renderings))
	if err := r.eachRendering(ctx, o, func(i int, _ rendering, rendering *chart.Rendered) error {
		var table bytes.Buffer
		_ = budget.Write(&table, budget.Of(rendering.Objects, o.policy.Resources)) // a buffer takes it
		incomplete := len(rendering.RenderFailures)+len(rendering.ManifestFailures) > 0
		rendered[i] = Budget{Chart: path, Table: table.String(), Incomplete: incomplete}
		return nil
	}); err != nil {
		return nil, err
	}
	at := map[Budget]grid{}
	var budgets []Budget
	for i, b := range rendered {
		if at[b] == nil {
			at[b] = newGrid(len(v.sets), len(v.versions))
			budgets = append(budgets, b)
		}
		for _, n := range v.renderings[i].versions {
			at[b][v.renderings[i].set][n] = true
		}
	}
	for i, b := range budgets {
		budgets[i].Variants = v.describe(at[b])
	}
	return budgets, nil
}
