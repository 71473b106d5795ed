// Package format writes the results of the linter: text for people, and the formats that CI systems and programs read.
package format

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

var writers = map[string]func(io.Writer, *linter.Result) error{
	"github":   writeGitHub,
	"json":     writeJSON,
	"junit":    writeJUnit,
	"markdown": writeMarkdown,
	"sarif":    writeSARIF,
	"text":     writeText,
}

// Names returns the names of the formats, sorted.
func Names() []string { return slices.Sorted(maps.Keys(writers)) }

// Check returns an error if there is no format of that name.
func Check(name string) error {
	if writers[name] != nil {
		return nil
	}
	return fmt.Errorf("unknown format %q: want one of %s%s", name, strings.Join(Names(), ", "), suggest.For(name, Names()))
}

// Write writes result in the named format, one of [Names]. Text is colored if w is a terminal and NO_COLOR is not set.
func Write(w io.Writer, name string, result *linter.Result) error {
	if err := Check(name); err != nil {
		return err
	}
	return writers[name](w, result)
}

// place is where a finding is: its chart, if it is in no file.
func place(f rule.Finding) chart.Position {
	if f.Position.File == "" {
		return chart.Position{File: f.Chart}
	}
	return f.Position
}

// sentences are what there is to say about a finding, apart from its place.
func sentences(f rule.Finding) []string {
	said := []string{f.Message}
	if f.Value != nil {
		said = append(said, setBy(f.Value))
	}
	if f.Variants != "" {
		said = append(said, onlyWith(f.Variants))
	}
	return append(said, f.Fix)
}

// setBy names the value that decides what is wrong.
func setBy(v *chart.ValueSource) string { return fmt.Sprintf("Set by %s, %s.", v.Key, v.Position) }

// onlyWith says in which variants a finding holds, where that is not all of them.
func onlyWith(variants string) string { return "Only with " + variants + "." }

// ruleIDs are the rules that ran or found something, in order.
func ruleIDs(result *linter.Result) []string {
	ids := slices.Clone(result.Rules)
	for _, f := range result.Findings {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// summary says in a line how much was linted and found.
func summary(result *linter.Result) string {
	var bySeverity []string
	for _, severity := range policy.Severities() {
		if n := result.Count(severity); n > 0 {
			bySeverity = append(bySeverity, count(n, severity.String()))
		}
	}
	s := count(len(result.Charts), "chart") + ", " + count(len(result.Findings), "finding")
	if len(bySeverity) > 0 {
		s += ": " + strings.Join(bySeverity, ", ")
	}
	return s
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
