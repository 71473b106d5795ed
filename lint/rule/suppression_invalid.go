package rule

import "fmt"

func init() {
	register(&Rule{
		ID:    "suppression-invalid",
		Title: "Every suppression in a comment names its rules and its reason",
		Why: "A suppression without a rule or a reason suppresses nothing: whoever reads the chart later could not tell " +
			"whether it is still wanted.",
		Bad:      `replicas: 1 # chartlint:ignore`,
		Good:     `image: app:latest # chartlint:ignore image-latest: The pipeline replaces the tag.`,
		Severity: Error,
		Check:    checkSuppressionInvalid,
	})
}

func checkSuppressionInvalid(p *Pass) {
	for _, c := range p.Comments {
		if c.Problem != "" {
			p.Report(Finding{
				Position: c.Position,
				Message:  fmt.Sprintf("the suppression %s", c.Problem),
				Fix:      "Write chartlint:ignore RULE: REASON, with the ID of the rule and why its finding is accepted.",
			})
		}
	}
}
