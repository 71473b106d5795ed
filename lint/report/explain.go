package report

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/lint/rule"
)

// Explain is all that there is to know about a rule, as text for people.
func Explain(r *rule.Rule) string {
	return fmt.Sprintf("%s (%s)\n\n%s.\n\n%s\n\nBad:\n\n%s\n\nGood:\n\n%s\n",
		r.ID, r.Severity, r.Title, r.Why, indent(r.Bad), indent(r.Good))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}

// ExplainMarkdown is what [Explain] says apart from the rule's ID, which is for a heading to say, as Markdown.
func ExplainMarkdown(r *rule.Rule) string {
	return fmt.Sprintf("**%s.** Severity: %s.\n\n%s\n\nBad:\n\n%s\n\nGood:\n\n%s\n",
		escaped(r.Title), r.Severity, escaped(r.Why), fence(r.Bad), fence(r.Good))
}

func fence(example string) string { return "```\n" + example + "\n```" }
