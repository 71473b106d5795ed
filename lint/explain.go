package main

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/rule"
)

// writeList writes a line for each rule, and for each practice where they are asked for.
func writeList(w io.Writer, practices bool) error {
	rules := rule.All()
	if practices {
		rules = append(rules, rule.Practices()...)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rules {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.ID, r.Severity, r.Title)
	}
	return table.Flush()
}

// writeExplanation writes all that is known about a rule.
func writeExplanation(w io.Writer, id string) error {
	r := rule.Find(id)
	if r == nil {
		return noSuchRule(id)
	}
	_, err := io.WriteString(w, format.Explain(r))
	return err
}

func noSuchRule(id string) error {
	if covering := rule.CoveredBy(id); covering != "" {
		return fmt.Errorf("there is no rule %q: it is left to the rule %s", id, covering)
	}
	return fmt.Errorf("there is no rule %q; lint --list names them all%s", id, suggest.For(id, rule.IDs()))
}

// writeRulesPage writes docs/rules.md: what --list and --explain print, as Markdown.
func writeRulesPage(w io.Writer) error {
	var page bytes.Buffer
	page.WriteString("<!-- Written by `make docs` from the rules in lint/rule. -->\n\n# Rules of the chart linter\n\n" +
		"`go run ./lint --explain ID` prints the same about a rule. `.chartlint.yaml` turns rules off and gives them another severity.\n\n" +
		"The checks of kube-score are rules, too, where `--practices` or the configuration asks for them: " +
		"`go run ./lint --list --practices`.\n\n" +
		"| Rule | Severity | What holds for a chart that keeps to it |\n| --- | --- | --- |\n")
	for _, r := range rule.All() {
		fmt.Fprintf(&page, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, format.Cell(r.Title))
	}
	for _, r := range rule.All() {
		fmt.Fprintf(&page, "\n## %s\n\n%s", r.ID, format.ExplainMarkdown(r))
	}
	_, err := w.Write(page.Bytes())
	return err
}
