package linter

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/kubescore"
	"github.com/traderadmin/charts/lint/policy"
)

// startPractices starts kube-score if any of the charts asks for it.
func (r *run) startPractices(ctx context.Context, paths []string) (err error) {
	if r.anyPolicy(paths, r.hasPractices) {
		r.practices, err = kubescore.Start(ctx, r.options.Progress)
	}
	return err
}

// stopPractices stops kube-score if it was started.
func (r *run) stopPractices() error {
	if r.practices == nil {
		return nil
	}
	return r.practices.Close()
}

func (r *run) hasPractices(p *policy.Policy) bool { return r.options.Practices || p.Practices.On }

// checkPractices returns the findings of kube-score in a rendering, or none if the policy does not turn it on.
func (r *run) checkPractices(p *policy.Policy, rendered *chart.Rendered) ([]kubescore.Finding, error) {
	if !r.hasPractices(p) {
		return nil, nil
	}
	manifests := make([]string, len(rendered.Objects))
	for i, o := range rendered.Objects {
		var err error
		if manifests[i], err = manifest(o); err != nil {
			return nil, fmt.Errorf("write %s for kube-score: %w", o, err)
		}
	}
	return r.practices.Check(manifests)
}

// manifest returns an object as a separate YAML document. Aliases are resolved, because their anchors may be in another
// object of the same List.
func manifest(o *chart.Object) (string, error) {
	var node yaml.Node
	if err := o.Decode(&node); err != nil {
		return "", err
	}
	if !chart.HasAlias(&node) {
		text, err := yaml.Marshal(&node)
		return string(text), err
	}
	var resolved any
	if err := o.Decode(&resolved); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(resolved)
	return string(text), err
}
