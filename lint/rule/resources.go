package rule

import (
	"fmt"
	"iter"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
	"github.com/traderadmin/charts/lint/policy"
)

// containers yields the containers of the release with their objects.
func containers(p *Pass) iter.Seq2[*chart.Object, chart.Container] {
	return func(yield func(*chart.Object, chart.Container) bool) {
		for o, spec := range podSpecs(p) {
			for _, c := range chart.ContainersOf(spec) {
				if !yield(o, c) {
					return
				}
			}
		}
	}
}

// podSpecs yields the pod specs of the release with their objects.
func podSpecs(p *Pass) iter.Seq2[*chart.Object, chart.Node] {
	return func(yield func(*chart.Object, chart.Node) bool) {
		for _, o := range p.Rendered.Objects {
			for _, spec := range p.Policy.Resources.PodSpecs(o) {
				if !yield(o, spec) {
					return
				}
			}
		}
	}
}

// resourceHolder is a container, or a pod with pod-level resources.
type resourceHolder struct {
	chart.Node // has the key resources
	object     *chart.Object
	container  *chart.Container // nil for a pod as a whole
}

// resources yields everything in the release that can have requests and limits.
func resources(p *Pass) iter.Seq[resourceHolder] {
	return func(yield func(resourceHolder) bool) {
		for o, spec := range podSpecs(p) {
			if spec.Get("resources").Exists() && !yield(resourceHolder{Node: spec, object: o}) {
				return
			}
			for _, c := range chart.ContainersOf(spec) {
				if !yield(resourceHolder{Node: c.Node, object: o, container: &c}) {
					return
				}
			}
		}
	}
}

// bounds are the keys of resources.
var bounds = []string{"requests", "limits"}

// report reports requests or limits. The message continues a sentence that starts with the container or pod.
func (r resourceHolder) report(p *Pass, at chart.Node, message, fix string) {
	if r.container != nil {
		p.reportContainer(r.object, *r.container, at, message, fix)
		return
	}
	p.reportPod(r.object, at, message, fix)
}

// reportPod reports a pod as a whole. The message continues a sentence that starts with the pod.
func (p *Pass) reportPod(o *chart.Object, at chart.Node, message, fix string) {
	p.Report(Finding{
		Node:    at,
		Message: fmt.Sprintf("the pod of %s %s", o, message),
		Fix:     fix,
		Object:  o.String(),
	})
}

// releaseBudget returns the budget of the whole release. All rules share it.
func releaseBudget(p *Pass) budget.Budget {
	type key struct{ policy *policy.Policy }
	return chart.Once(p.Rendered, key{p.Policy}, func() budget.Budget {
		return budget.Of(p.Rendered.Objects, p.Policy.Resources)
	})
}

// reportMissing reports each container that lacks a request or a limit that the policy requires for its role. bound is
// "requests" or "limits". A container does not need those that its pod sets as a whole, or that a LimitRange sets by
// default.
func reportMissing(p *Pass, bound string) {
	ranges := budget.ReadLimitRanges(p.Rendered.Objects)
	for o, spec := range podSpecs(p) {
		for _, c := range chart.ContainersOf(spec) {
			var missing, keys []string
			for _, name := range p.Policy.Resources.Required.Of(o, c).Of(bound) {
				isSet := c.Get("resources", bound, name).Exists() || spec.Get("resources", bound, name).Exists()
				if isSet || ranges.HasDefault(o, bound, name) {
					continue
				}
				missing = append(missing, name)
				keys = append(keys, fmt.Sprintf("resources.%s.%s", bound, name))
			}
			if len(missing) == 0 {
				continue
			}
			p.reportContainer(o, c, c.Closest("resources", bound),
				fmt.Sprintf("has no %s for %s", bound, enumerate(missing)),
				"Set "+enumerate(keys)+", from the values so that each environment can choose them.")
		}
	}
}

// enumerate joins items as in a sentence: a, b and c.
func enumerate(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
