package rule

import (
	"fmt"
	"iter"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
	"github.com/traderadmin/charts/lint/policy"
)

// containers are all containers of the release, with their objects.
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

// podSpecs are the specs of all pods of the release, with the objects that they are of.
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

// asked is something with requests and limits: a container, or a pod as a whole.
type asked struct {
	chart.Node // that holds them, under resources
	object     *chart.Object
	container  *chart.Container // nil for a pod as a whole
}

// resources are all the places of the release that have requests and limits.
func resources(p *Pass) iter.Seq[asked] {
	return func(yield func(asked) bool) {
		for o, spec := range podSpecs(p) {
			if spec.Get("resources").Exists() && !yield(asked{Node: spec, object: o}) {
				return
			}
			for _, c := range chart.ContainersOf(spec) {
				if !yield(asked{Node: c.Node, object: o, container: &c}) {
					return
				}
			}
		}
	}
}

// bounds are the two halves of resources.
var bounds = []string{"requests", "limits"}

// report takes a finding about requests or limits. The message reads on from the name of the container or pod.
func (a asked) report(p *Pass, at chart.Node, message, fix string) {
	if a.container != nil {
		p.reportContainer(a.object, *a.container, at, message, fix)
		return
	}
	p.reportPod(a.object, at, message, fix)
}

// reportPod takes a finding about a pod as a whole. The message reads on from the pod's name.
func (p *Pass) reportPod(o *chart.Object, at chart.Node, message, fix string) {
	p.Report(Finding{
		Node:    at,
		Message: fmt.Sprintf("the pod of %s %s", o, message),
		Fix:     fix,
		Object:  o.String(),
	})
}

// releaseBudget is what the release as a whole asks for, added up once for all rules.
func releaseBudget(p *Pass) budget.Budget {
	type key struct{ policy *policy.Policy }
	return chart.Once(p.Rendered, key{p.Policy}, func() budget.Budget {
		return budget.Of(p.Rendered.Objects, p.Policy.Resources)
	})
}

// reportMissing reports each container that lacks requests or limits, as bound says, that the policy requires in its role. What the
// pod asks for as a whole, or a LimitRange of the release fills in, is not missing.
func reportMissing(p *Pass, bound string) {
	ranges := budget.ReadLimitRanges(p.Rendered.Objects)
	for o, spec := range podSpecs(p) {
		for _, c := range chart.ContainersOf(spec) {
			var missing, fix []string
			for _, name := range p.Policy.Resources.Required.Of(o, c).Of(bound) {
				if c.Get("resources", bound, name).Exists() || spec.Get("resources", bound, name).Exists() || ranges.HasDefault(o, bound, name) {
					continue
				}
				missing = append(missing, name)
				fix = append(fix, fmt.Sprintf("resources.%s.%s", bound, name))
			}
			if len(missing) == 0 {
				continue
			}
			p.reportContainer(o, c, c.Closest("resources", bound),
				fmt.Sprintf("has no %s for %s", bound, enumerate(missing)),
				"Set "+enumerate(fix)+", from the values so that each environment can set its own.")
		}
	}
}

// enumerate writes a list as people do: a, b and c.
func enumerate(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
