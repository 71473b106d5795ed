package rule

import (
	"fmt"
	"time"
)

func init() {
	register(&Rule{
		ID:    "suppression-expired",
		Title: "No suppression has expired",
		Why: "It was agreed to until a day that has passed: what it accepted is a finding again, and it is time to mend that or to agree " +
			"once more.",
		Bad: `suppressions:
  - rule: requests-missing
    reason: Measured in the load test of the spring.
    until: 2020-06-01`,
		Good: `suppressions:
  - rule: requests-missing
    reason: Measured in the load test of the spring.
    until: 2120-06-01`,
		Severity: Warning,
		OfPolicy: true,
		Check:    checkSuppressionExpired,
	})
}

func checkSuppressionExpired(p *Pass) {
	now := time.Now()
	for _, s := range p.Policy.Suppressions {
		if s.Expired(now) {
			p.Report(Finding{
				Position: s.Position,
				Message:  fmt.Sprintf("the suppression of %s has expired: it held until %s", s.Rule, s.Until),
				Fix:      "Mend what it accepted and remove it, or agree on another day.",
			})
		}
	}
}
