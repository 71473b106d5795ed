// Package linter lints Helm charts: it loads them, renders them as Helm would, and runs every rule over the result. It is what
// the lint command is made of, for programs and tests that lint without starting one.
package linter

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/rule"
)

// Options say how charts are linted. The zero value is ready to use.
type Options struct {
	// KubeVersion is the Kubernetes version to render for, such as 1.37; empty is [chart.DefaultKubeVersion].
	KubeVersion string
}

// Result is what there is to say about some charts.
type Result struct {
	// Charts are the paths that were linted, in the order given.
	Charts []string `json:"charts"`
	// Findings are in the order of Charts, then of file, line and rule.
	Findings []rule.Finding `json:"findings"`
}

// Count is the number of findings of a severity.
func (r *Result) Count(s rule.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Run lints the charts at paths, folders or archives, side by side on all cores. It returns an error, and no result, only when
// it could not look: no chart was given, one cannot be loaded, or the Kubernetes version is none. Every chart that cannot be
// loaded is named.
func Run(ctx context.Context, paths []string, options Options) (*Result, error) {
	if len(paths) == 0 {
		return nil, errors.New("no chart to lint: name a chart's folder or its .tgz")
	}
	variant, err := chart.NewVariant(options.KubeVersion)
	if err != nil {
		return nil, err
	}
	findings := make([][]rule.Finding, len(paths))
	failures := make([]error, len(paths))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		group.Go(func() error {
			if failures[i] = ctx.Err(); failures[i] == nil {
				findings[i], failures[i] = lint(path, variant)
			}
			return nil
		})
	}
	_ = group.Wait() // failures holds the errors, all of them and in order
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	return &Result{Charts: paths, Findings: slices.Concat(findings...)}, nil
}

func lint(path string, variant chart.Variant) ([]rule.Finding, error) {
	c, err := chart.Load(path)
	if err != nil {
		return nil, err
	}
	rendered := c.Render(variant)
	var findings []rule.Finding
	for _, r := range rule.All() {
		findings = append(findings, r.Run(c, rendered)...)
	}
	slices.SortStableFunc(findings, compare)
	return findings, nil
}

func compare(a, b rule.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Position.File, b.Position.File),
		cmp.Compare(a.Position.Line, b.Position.Line),
		cmp.Compare(a.Position.Column, b.Position.Column),
		cmp.Compare(a.Rule, b.Rule),
	)
}
