package linter

import (
	"bytes"
	"context"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
)

// Budget is what a release of a chart requests from a cluster. Variants with equal budgets share one.
type Budget struct {
	// Chart is the path of the chart, as given to [Budgets].
	Chart string
	// Variants names the variants of the chart that have the budget, as in a [Finding]; empty if all of them do.
	Variants string
	// Table is the budget as lines of text; see [budget.Write].
	Table string
	// Incomplete says that some templates do not render, so that the table lacks their objects. [Run] reports why.
	Incomplete bool
}

// Budgets returns the budgets of the charts at paths, in the order of the charts and of their values sets. Options and
// errors are those of [Run].
func Budgets(ctx context.Context, paths []string, options Options) ([]Budget, error) {
	r, err := newRun(options)
	if err != nil {
		return nil, err
	}
	byChart := make([][]Budget, len(paths))
	if err := r.eachChart(paths, func(i int, path string) (err error) {
		byChart[i], err = r.budgets(ctx, path)
		return err
	}); err != nil {
		return nil, err
	}
	var all []Budget
	for _, budgets := range byChart {
		all = append(all, budgets...)
	}
	return all, nil
}

func (r *run) budgets(ctx context.Context, path string) ([]Budget, error) {
	o, err := r.open(path)
	if err != nil {
		return nil, err
	}
	found := make([][]occurrence[Budget], len(o.variants.renderings))
	if err := r.eachRendering(ctx, o, func(i int, rendering rendering, rendered *chart.Rendered) error {
		var table bytes.Buffer
		_ = budget.Write(&table, budget.Of(rendered.Objects, o.policy.Resources)) // writing to a buffer does not fail
		incomplete := len(rendered.RenderFailures)+len(rendered.ManifestFailures) > 0
		b := Budget{Chart: path, Table: table.String(), Incomplete: incomplete}
		for _, version := range rendering.versions {
			found[i] = append(found[i], occurrence[Budget]{b, rendering.set, version})
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return merge(o.variants, slices.Concat(found...), func(b *Budget, variants string) { b.Variants = variants }), nil
}
