// Package format writes the results of the linter: as text for people, and in the formats of CI systems and programs.
package format

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
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

// Write writes a result in the format of a name, one of [Names]. Text is colored if w is a terminal, unless NO_COLOR is
// set.
func Write(w io.Writer, name string, result *linter.Result) error {
	if err := Check(name); err != nil {
		return err
	}
	return writers[name](w, result)
}

// bySeverity returns findings for people to read: errors first, those of one severity in their order.
func bySeverity(findings []linter.Finding) []linter.Finding {
	return slices.SortedStableFunc(slices.Values(findings), func(a, b linter.Finding) int {
		return cmp.Compare(b.Severity, a.Severity)
	})
}

// position returns the position of a finding, or its chart if it is in no file.
func position(f linter.Finding) linter.Position {
	if f.Position.File == "" {
		return linter.Position{File: f.Chart}
	}
	return f.Position
}

// sentences returns the text of a finding, apart from its position and rule.
func sentences(f linter.Finding) []string {
	text := []string{f.Message}
	if hasValue(f) {
		text = append(text, setBy(f.Value))
	}
	if f.Variants != "" {
		text = append(text, onlyWith(f))
	}
	return append(text, f.Fix)
}

func hasValue(f linter.Finding) bool { return f.Value != linter.Value{} }

func setBy(v linter.Value) string { return fmt.Sprintf("Set by %s, %s.", v.Key, v.Position) }

// onlyWith says which variants have a finding, and which of the values in them are made up.
func onlyWith(f linter.Finding) string {
	text := "Only with " + f.Variants + "."
	switch keys := f.Probe.MadeUp; {
	case strings.Contains(keys, ", "):
		text += " The values of " + keys + " are made up."
	case keys != "":
		text += " The value of " + keys + " is made up."
	}
	return text
}

// ruleIDs returns the IDs of the rules that ran or have a finding, sorted.
func ruleIDs(result *linter.Result) []string {
	ids := slices.Clone(result.Rules)
	for _, f := range result.Findings {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// summary returns the counts of a result, such as "1 chart, 3 findings: 1 error, 2 warnings".
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
