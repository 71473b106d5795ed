package format

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
)

// writeMarkdown is for job summaries and comments: the counts and a table of the findings.
func writeMarkdown(w io.Writer, result *linter.Result) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "### Chart lint\n\n%s\n", summary(result))
	if len(result.Findings) > 0 {
		out.WriteString("\n| Severity | Place | Finding | Rule |\n| --- | --- | --- | --- |\n")
	}
	for _, f := range result.Findings {
		said := sentences(f)
		for i := range said {
			said[i] = Cell(said[i])
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", f.Severity, Cell(place(f).String()), strings.Join(said, "<br>"), Cell(f.Rule))
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Cell is text for a cell of a table. Tables know their columns before anything else, code included.
func Cell(s string) string {
	return strings.ReplaceAll(escaped(s), "|", `\|`)
}

var escapeMarkdown = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "$", `\$`, "@", `\@`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;",
)

// escaped writes a line of text so that it reads the same in Markdown, as GitHub knows it. What stands between two backticks
// becomes code.
func escaped(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 || strings.Contains(s, "``") { // a backtick without its other, or more than a pair
		return escapeMarkdown.Replace(s)
	}
	for i := range parts {
		if i%2 == 0 {
			parts[i] = escapeMarkdown.Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
