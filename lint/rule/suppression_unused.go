package rule

import "fmt"

// UnusedSuppressions is the ID of the rule that reports [Pass.Unused].
const UnusedSuppressions = "suppression-unused"

func init() {
	register(&Rule{
		ID:    UnusedSuppressions,
		Title: "Every suppression matches a finding",
		Why: "The finding has been fixed, or the suppression never matched because of a mistake in it. If it stays, it " +
			"hides the next finding of its kind, although nobody agreed to that.",
		Bad: `suppressions:
  - rule: requests-missing
    object: Deployment/redis # it has requests
    reason: Redis gets them with the next release.`,
		Good:         `suppressions: []`,
		Severity:     Warning,
		ChecksPolicy: true,
		Check:        checkSuppressionUnused,
	})
}

func checkSuppressionUnused(p *Pass) {
	for _, s := range p.Unused {
		p.Report(Finding{
			Position: s.Position,
			Message:  fmt.Sprintf("the suppression of %s matches no finding", s.Rule),
			Fix:      "Remove the suppression, or correct the object, container, values set or line that it is for.",
		})
	}
}
