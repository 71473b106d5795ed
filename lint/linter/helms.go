package linter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/helm/binary"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/rule"
)

// helmBinary is a Helm that charts are linted for besides the Helm 3 of the linter.
type helmBinary struct{ path, version string }

// findHelms finds the binaries of Options.Helms.
func (r *run) findHelms(ctx context.Context) error {
	for _, name := range r.options.Helms {
		if name == binary.SDK {
			continue // the linter renders with it
		}
		path, version, err := binary.Find(ctx, name, r.options.Progress)
		if err != nil {
			return err
		}
		r.helms = append(r.helms, helmBinary{path, version})
	}
	return nil
}

// checkHelms renders what was rendered with the other Helms too. Charts that Helm 3 does not render are left out.
func (r *run) checkHelms(ctx context.Context, rendering rendering, rendered *chart.Rendered) ([]rule.HelmRun, error) {
	c := rendered.Chart()
	newest := rendering.variant.KubeVersion()
	if len(r.helms) == 0 || c.IsLibrary() || len(rendered.RenderFailures)+len(rendered.ManifestFailures) > 0 ||
		len(c.MissingDependencies())+len(c.KubeVersionFailures(newest))+len(valuesschema.Violations(rendered)) > 0 {
		return nil, nil
	}
	overrides, err := json.Marshal(chart.ToJSON(rendered.Overrides()))
	if err != nil {
		return nil, fmt.Errorf("write the values for helm: %w", err)
	}
	request := binary.Rendering{
		Chart: c.Path(), Release: rendered.Release().Name, Namespace: rendered.Release().Namespace,
		KubeVersion: newest, Values: overrides,
	}
	var runs []rule.HelmRun
	for _, helm := range r.helms {
		run := rule.HelmRun{Helm: helm.version}
		files, err := binary.Template(ctx, helm.path, request)
		if ctx.Err() != nil {
			return nil, err
		}
		if run.Failure = err; err == nil {
			run.Rendered = rendered.WithOutput(files)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// unknownFlags returns the flags in the chart's notes and documents that other Helms do not know.
func (r *run) unknownFlags(ctx context.Context, c *chart.Chart) ([]rule.UnknownFlag, error) {
	var unknown []rule.UnknownFlag
	for _, helm := range r.helms {
		known := map[string]bool{} // whether a flag is refused, by command and flag
		for _, use := range rule.HelmFlags(c) {
			key := strings.Join(append(slices.Clone(use.Command), use.Flag), " ")
			refused, asked := known[key]
			if !asked {
				var err error
				if refused, err = binary.RefusesFlag(ctx, helm.path, use.Command, use.Flag); err != nil {
					return nil, err
				}
				known[key] = refused
			}
			if refused {
				unknown = append(unknown, rule.UnknownFlag{HelmFlag: use, Helm: helm.version})
			}
		}
	}
	return unknown, nil
}
