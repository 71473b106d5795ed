package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "request-above-limit",
		Title: "No container requests more than its limit",
		Why:   "The API server refuses the pod: the workload is created and never gets one.",
		Bad: `resources:
  requests: {memory: 1Gi}
  limits: {memory: 512Mi}`,
		Good: `resources:
  requests: {memory: 512Mi}
  limits: {memory: 512Mi}`,
		Severity: Error,
		Check:    checkRequestAboveLimit,
	})
}

func checkRequestAboveLimit(p *Pass) {
	for o, c := range containers(p) {
		for name, value := range c.Get("resources", "requests").Entries() {
			limitValue := c.Get("resources", "limits", name)
			request, ok := quantity(value)
			limit, limited := quantity(limitValue)
			if !ok || !limited || request.Cmp(limit) <= 0 {
				continue
			}
			p.reportContainer(o, c, value.Position(),
				fmt.Sprintf("requests %s of %s, above its limit of %s", value.Text(), name, limitValue.Text()),
				fmt.Sprintf("Lower resources.requests.%s or raise resources.limits.%s.", name, name))
		}
	}
}
