package linter

import (
	"context"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubescore"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// startPractices starts kube-score, once for all charts, if it is to run over any of them. It comes before the charts, so that
// its build counts for none of them.
func (r *run) startPractices(ctx context.Context, paths []string) (err error) {
	wanted := slices.ContainsFunc(paths, func(path string) bool {
		p, err := r.policies.load(r.options.Config, path)
		return err == nil && r.hasPractices(p) // linting the chart says what is wrong with it
	})
	if !wanted {
		return nil
	}
	progress := r.options.Progress
	if progress == nil {
		progress = io.Discard
	}
	r.practices, err = kubescore.Start(ctx, progress)
	return err
}

// stopPractices ends kube-score, if it was started.
func (r *run) stopPractices() error {
	if r.practices == nil {
		return nil
	}
	return r.practices.Close()
}

func (r *run) hasPractices(p *policy.Policy) bool { return r.options.Practices || p.Practices.On }

// rules are those that run under a policy, in order.
func (r *run) rules(p *policy.Policy) []*rule.Rule {
	rules := rule.All()
	if r.hasPractices(p) {
		rules = append(rules, rule.PracticesOf(p)...)
	}
	return slices.DeleteFunc(rules, func(rl *rule.Rule) bool { return p.Severity(rl.ID, rl.Severity) == policy.Off })
}

// askPractices is what kube-score finds in a rendering; nothing if the policy does not ask for it.
func (r *run) askPractices(p *policy.Policy, rendered *chart.Rendered) ([]kubescore.Finding, error) {
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

// manifest is an object in YAML, by itself: as it was written, but where it counts on anchors, which another object of its List may
// have.
func manifest(o *chart.Object) (string, error) {
	var written yaml.Node
	if err := o.Decode(&written); err != nil {
		return "", err
	}
	if !hasAliases(&written) {
		text, err := yaml.Marshal(&written)
		return string(text), err
	}
	var meant any
	if err := o.Decode(&meant); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(meant)
	return string(text), err
}

func hasAliases(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, hasAliases)
}
