package format

import (
	"fmt"
	"strings"

	"github.com/mitchellh/go-wordwrap"

	"github.com/traderadmin/charts/lint/rule"
)

const (
	textWidth     = 80
	markdownWidth = 120
)

// Explain returns the documentation of a rule as text.
func Explain(r *rule.Rule) string {
	return fmt.Sprintf("%s (%s)\n\n%s.\n\n%s\n%s",
		r.ID, r.DescribeSeverity(), r.Title, wordwrap.WrapString(r.Why, textWidth), examples(r, indent))
}

// ExplainMarkdown returns the documentation of a rule as Markdown, without a heading.
func ExplainMarkdown(r *rule.Rule) string {
	return fmt.Sprintf("**%s.** Severity: %s.\n\n%s\n%s",
		escapeMarkdown(r.Title), r.DescribeSeverity(), wordwrap.WrapString(escapeMarkdown(r.Why), markdownWidth),
		examples(r, fence))
}

// examples returns the examples of a rule, each formatted by block. The checks of kube-score have none.
func examples(r *rule.Rule, block func(string) string) string {
	if r.Bad == "" {
		return ""
	}
	return fmt.Sprintf("\nBad:\n\n%s\n\nGood:\n\n%s\n", block(r.Bad), block(r.Good))
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

func fence(example string) string { return "```\n" + example + "\n```" }
