package format

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/lint/rule"
)

// Explain is all that there is to know about a rule, as text for people.
func Explain(r *rule.Rule) string {
	return fmt.Sprintf("%s (%s)\n\n%s.\n\n%s\n%s", r.ID, r.Severity, r.Title, r.Why, examples(r, indent))
}

// examples are those of a rule, each as write has it; nothing if it has none, as practices have.
func examples(r *rule.Rule, write func(string) string) string {
	if r.Bad == "" {
		return ""
	}
	return fmt.Sprintf("\nBad:\n\n%s\n\nGood:\n\n%s\n", write(r.Bad), write(r.Good))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}

// ExplainMarkdown is what [Explain] says apart from the rule's ID, which is for a heading to say, as Markdown.
func ExplainMarkdown(r *rule.Rule) string {
	return fmt.Sprintf("**%s.** Severity: %s.\n\n%s\n%s", escaped(r.Title), r.Severity, escaped(r.Why), examples(r, fence))
}

func fence(example string) string { return "```\n" + example + "\n```" }
