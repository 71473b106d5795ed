package rule

import (
	"fmt"
	"time"
)

func init() {
	register(&Rule{
		ID:    "suppression-expired",
		Title: "No suppression has expired",
		Why: "The agreed date has passed, so the suppressed findings are reported again. It is time to fix them, or to " +
			"agree on a new date.",
		Bad: `suppressions:
  - rule: requests-missing
    reason: Set after the load test in spring.
    until: 2020-06-01`,
		Good: `suppressions:
  - rule: requests-missing
    reason: Set after the load test in spring.
    until: 2120-06-01`,
		Severity:     Warning,
		ChecksPolicy: true,
		Check:        checkSuppressionExpired,
	})
}

func checkSuppressionExpired(p *Pass) {
	now := time.Now()
	for _, s := range p.Policy.Suppressions {
		if s.Expired(now) {
			p.Report(Finding{
				Position: s.Position,
				Message:  fmt.Sprintf("the suppression of %s has expired: it was valid until %s", s.Rule, s.Until),
				Fix:      "Fix the findings and remove the suppression, or agree on a new date.",
			})
		}
	}
}
