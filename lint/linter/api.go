package linter

import (
	"context"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/apicheck"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// startAPI starts the API server's validation if any of the charts asks for it, or is upgraded. If charts are linted in
// processes of their own, each starts its own, and this one only builds the program.
func (r *run) startAPI(ctx context.Context, paths []string) (err error) {
	switch {
	case len(r.options.Bases) == 0 && !r.anyPolicy(paths, r.hasAPI):
	case r.options.Isolate != nil:
		_, err = apicheck.Build(ctx, r.options.Progress)
	default:
		versions := r.options.KubeVersions
		if len(versions) == 0 {
			versions = chart.KubeVersions() // unless the policy names others
		}
		r.api, err = apicheck.Start(ctx, r.options.Progress, versions...)
	}
	return err
}

// stopAPI stops the API server's validation if it was started.
func (r *run) stopAPI() error {
	if r.api == nil {
		return nil
	}
	return r.api.Close()
}

func (r *run) hasAPI(p *policy.Policy) bool { return r.options.API || p.API }

// verdicts returns the API server's verdicts on the objects of a rendering, by Kubernetes version; nil if the policy
// does not ask for them.
func (r *run) verdicts(
	o *opened, rendering rendering, rendered *chart.Rendered,
) (map[string][]apicheck.Verdict, error) {
	if !r.hasAPI(o.policy) {
		return nil, nil
	}
	release := apicheck.Release{Namespace: rendered.Release().Namespace}
	for _, object := range rendered.Objects {
		manifest, err := object.JSON()
		if err != nil {
			manifest = map[string]any{} // of no kind; duplicate-key and manifest-invalid say what is wrong with it
		}
		release.Objects = append(release.Objects, apicheck.Item{Object: manifest})
	}
	verdicts := map[string][]apicheck.Verdict{}
	for _, n := range rendering.versions {
		var err error
		release.KubernetesVersion = o.variants.versions[n]
		if verdicts[release.KubernetesVersion], err = r.api.Check(release); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// joinRefusals leaves out refusals of the API server that another rule explains in the same variant. If versions of
// Kubernetes refuse a field in different words, it takes those of the newest. It forgets the fields of the findings.
func joinRefusals(found []occurrence[Finding]) []occurrence[Finding] {
	joined := slices.DeleteFunc(slices.Clone(found), func(refusal occurrence[Finding]) bool {
		return refusal.item.Rule == rule.APIRefuses && slices.ContainsFunc(found, func(o occurrence[Finding]) bool {
			return o.set == refusal.set && o.version == refusal.version && repeats(refusal.item, o.item)
		})
	})
	type place struct {
		set                 int
		rule, object, field string
	}
	placeOf := func(o occurrence[Finding]) place { return place{o.set, o.item.Rule, o.item.Object, o.item.field} }
	newest := map[place]occurrence[Finding]{}
	for _, o := range joined {
		if at := placeOf(o); saysTheAPI(o.item) && o.version >= newest[at].version {
			newest[at] = o
		}
	}
	for i, o := range joined {
		if saysTheAPI(o.item) {
			joined[i].item = newest[placeOf(o)].item
		}
		joined[i].item.field = ""
	}
	return joined
}

// saysTheAPI reports whether a finding has the words of the API server.
func saysTheAPI(f Finding) bool { return f.Rule == rule.APIRefuses || f.Rule == rule.UpgradeRefused }

// repeats reports whether a refusal of the API server says what another finding says too.
func repeats(refusal, other Finding) bool {
	return rule.Repeats(
		rule.Finding{Rule: refusal.Rule, Object: refusal.Object, Field: refusal.field},
		rule.Finding{Rule: other.Rule, Object: other.Object, Field: other.field},
	)
}
