package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// writeText is for people: the findings of a file together, each with its place first, as terminals and editors recognize it,
// and what to do below; then the counts.
func writeText(w io.Writer, result *linter.Result) error {
	var out bytes.Buffer
	for i, f := range result.Findings {
		if i > 0 && f.Position.File != result.Findings[i-1].Position.File {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "%s: %s: %s [%s]\n", f.Position, f.Severity, f.Message, f.Rule)
		fmt.Fprintf(&out, "    %s\n", f.Fix)
	}
	if len(result.Findings) > 0 {
		out.WriteByte('\n')
	}
	out.WriteString(summary(result))
	_, err := w.Write(out.Bytes())
	return err
}

func summary(result *linter.Result) string {
	var bySeverity []string
	for _, severity := range []rule.Severity{rule.Error, rule.Warning, rule.Info} {
		if n := result.Count(severity); n > 0 {
			bySeverity = append(bySeverity, count(n, severity.String()))
		}
	}
	s := count(len(result.Charts), "chart") + ", " + count(len(result.Findings), "finding")
	if len(bySeverity) > 0 {
		s += ": " + strings.Join(bySeverity, ", ")
	}
	return s + "\n"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
