package rule

import (
	"fmt"

	"github.com/traderadmin/charts/lint/budget"
)

func init() {
	register(&Rule{
		ID:    "limit-ratio",
		Title: "No limit is many times the request",
		Why: "The scheduler sees requests only. Where limits are many times as large, a node takes pods that together may use many " +
			"times what it has: it throttles their cpu, and kills them when its memory runs out. The policy sets the maximum: " +
			"resources.maxLimitRequestRatio.",
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
	for a := range resources(p) {
		for name, value := range a.Get("resources", "limits").Entries() {
			most := p.Policy.Resources.MaxLimitRequestRatio[name]
			requestValue := a.Get("resources", "requests", name)
			limit, limited := value.Quantity()
			request, requested := requestValue.Quantity()
			if most == 0 || !limited || !requested || request.IsZero() {
				continue
			}
			if ratio := budget.Ratio(request, limit); ratio > most {
				a.report(p, value,
					fmt.Sprintf("has a limit of %s for %s, %.4g times its request of %s; the maximum is %.4g times",
						value.Text(), name, ratio, requestValue.Text(), most),
					fmt.Sprintf("Raise resources.requests.%s to what is used in earnest, or lower resources.limits.%s.", name, name))
			}
		}
	}
}
