package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/traderadmin/charts/lint/rule"
)

// writeList writes a line for each rule.
func writeList(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rule.All() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.ID, r.Severity, r.Title)
	}
	return table.Flush()
}

// writeExplanation writes all that is known about a rule.
func writeExplanation(w io.Writer, id string) error {
	r := rule.Find(id)
	if r == nil {
		return fmt.Errorf("there is no rule %q; lint --list names them all", id)
	}
	_, err := fmt.Fprintf(w, "%s (%s)\n\n%s.\n\n%s\n\nBad:\n\n%s\n\nGood:\n\n%s\n",
		r.ID, r.Severity, r.Title, r.Why, indent(r.Bad), indent(r.Good))
	return err
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
