package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "request-above-limit",
		Title: "No container requests more than its limit",
		Why:   "The API server rejects the pod: the workload is created, but gets no pods.",
		Bad: `resources:
  requests: {memory: 1Gi}
  limits: {memory: 512Mi}`,
		Good: `resources:
  requests: {memory: 512Mi}
  limits: {memory: 512Mi}`,
		Severity: Error,
		Refused:  true,
		Check:    checkRequestAboveLimit,
	})
}

func checkRequestAboveLimit(p *Pass) {
	for r := range resources(p) {
		for name, value := range r.Get("resources", "requests").Entries() {
			limitValue := r.Get("resources", "limits", name)
			request, ok := value.Quantity()
			limit, limited := limitValue.Quantity()
			if !ok || !limited || request.Cmp(limit) <= 0 {
				continue
			}
			r.report(p, value,
				fmt.Sprintf("requests %s %s, more than its limit of %s", value.Text(), name, limitValue.Text()),
				fmt.Sprintf("Lower resources.requests.%s or raise resources.limits.%s.", name, name))
		}
	}
}
