package rule

import (
	"fmt"

	"github.com/traderadmin/charts/lint/budget"
)

func init() {
	register(&Rule{
		ID:    "limit-ratio",
		Title: "No limit is many times its request",
		Why: "The scheduler only considers requests. If limits are many times higher, the pods on a node can together use " +
			"far more than it has: the node throttles their cpu, and kills pods when its memory runs out. " +
			"resources.maxLimitRequestRatio in the configuration sets the maximum.",
		Bad: `resources:
  requests: {memory: 64Mi}
  limits: {memory: 4Gi}`,
		Good: `resources:
  requests: {memory: 2Gi}
  limits: {memory: 4Gi}`,
		Severity: Warning,
		Check:    checkLimitRatio,
	})
}

func checkLimitRatio(p *Pass) {
	for r := range resources(p) {
		for name, value := range r.Get("resources", "limits").Entries() {
			most := p.Policy.Resources.MaxLimitRequestRatio[name]
			requestValue := r.Get("resources", "requests", name)
			limit, limited := value.Quantity()
			request, requested := requestValue.Quantity()
			if most == 0 || !limited || !requested || request.IsZero() {
				continue
			}
			if ratio := budget.Ratio(request, limit); ratio > most {
				r.report(p, value,
					fmt.Sprintf("limits %s to %s, %.4g times its request of %s; the maximum is %.4g times",
						name, value.Text(), ratio, requestValue.Text(), most),
					fmt.Sprintf("Raise resources.requests.%s to the real usage, or lower resources.limits.%s.", name, name))
			}
		}
	}
}
