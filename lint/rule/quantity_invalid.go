package rule

import "fmt"

func init() {
	register(&Rule{
		ID:       "quantity-invalid",
		Title:    "Every resource request and limit is a quantity",
		Why:      "The API server refuses the whole object if one of its quantities does not parse or is negative.",
		Bad:      `limits: {cpu: 500 m, memory: 512MB}`,
		Good:     `limits: {cpu: 500m, memory: 512Mi}`,
		Severity: Error,
		Check:    checkQuantityInvalid,
	})
}

func checkQuantityInvalid(p *Pass) {
	for a := range resources(p) {
		for _, bound := range bounds {
			for name, value := range a.Get("resources", bound).Entries() {
				if _, ok := value.Quantity(); ok || !value.Exists() {
					continue
				}
				a.report(p, value,
					fmt.Sprintf("has %q for resources.%s.%s, which is no quantity", value.Text(), bound, name),
					"Write a number with a unit that Kubernetes knows, without a space: 250m or 0.25 for cpu, 512Mi or 1Gi for memory.")
			}
		}
	}
}
