package rule

import "fmt"

func init() {
	register(&Rule{
		ID:       "quantity-invalid",
		Title:    "Every resource request and limit is a valid quantity",
		Why:      "The API server rejects the whole object if a quantity does not parse or is negative.",
		Bad:      `limits: {cpu: 500 m, memory: 512MB}`,
		Good:     `limits: {cpu: 500m, memory: 512Mi}`,
		Severity: Error,
		Refused:  true,
		Check:    checkQuantityInvalid,
	})
}

func checkQuantityInvalid(p *Pass) {
	for r := range resources(p) {
		for _, bound := range bounds {
			for name, value := range r.Get("resources", bound).Entries() {
				if _, ok := value.Quantity(); ok || !value.Exists() {
					continue
				}
				r.report(p, value,
					fmt.Sprintf("has the invalid quantity %q for resources.%s.%s", value.Text(), bound, name),
					"Write a number and a unit without a space, such as 250m or 0.25 for cpu, or 512Mi or 1Gi for memory.")
			}
		}
	}
}
