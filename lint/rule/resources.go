package rule

import (
	"fmt"
	"iter"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// containers are all containers of the release, with their objects.
func containers(p *Pass) iter.Seq2[*chart.Object, chart.Container] {
	return func(yield func(*chart.Object, chart.Container) bool) {
		for _, o := range p.Rendered.Objects {
			for _, c := range o.Containers() {
				if !yield(o, c) {
					return
				}
			}
		}
	}
}

// reportMissing reports each container that lacks requests or limits, as bound says, of cpu or memory.
func reportMissing(p *Pass, bound string) {
	for o, c := range containers(p) {
		var missing, fix []string
		for _, name := range []string{"cpu", "memory"} {
			if !c.Get("resources", bound, name).Exists() {
				missing = append(missing, name)
				fix = append(fix, fmt.Sprintf("resources.%s.%s", bound, name))
			}
		}
		if len(missing) == 0 {
			continue
		}
		p.reportContainer(o, c, c.Closest("resources", bound).Position(),
			fmt.Sprintf("has no %s for %s", bound, strings.Join(missing, " and ")),
			"Set "+strings.Join(fix, " and ")+", from the values so that each environment can set its own.")
	}
}

// quantity reads a quantity of a container's resources as the API server does; false if there is none that it would take.
func quantity(n chart.Node) (resource.Quantity, bool) {
	text, ok := n.Scalar()
	if !ok {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil && q.Sign() >= 0
}
