package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "suppression-unused",
		Title: "Every suppression accepts something",
		Why: "What it accepted has been mended, or it never matched for a mistake in it. Left in place, it hides the next finding of that " +
			"kind from the people who never agreed to it.",
		Bad: `suppressions:
  - rule: requests-missing
    object: Deployment/redis # has requests
    reason: Redis gets them with the next release.`,
		Good:     `suppressions: []`,
		Severity: Warning,
		OfPolicy: true,
		Check:    checkSuppressionUnused,
	})
}

func checkSuppressionUnused(p *Pass) {
	for _, s := range p.Unused {
		p.Report(Finding{
			Position: s.Position,
			Message:  fmt.Sprintf("the suppression of %s matches no finding", s.Rule),
			Fix:      "Remove it, or mend its object, container or valuesSet.",
		})
	}
}
