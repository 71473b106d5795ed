package format

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
)

// writeMarkdown writes the counts and a table of the findings, errors first, for job summaries and comments.
func writeMarkdown(w io.Writer, result *linter.Result) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "### Chart lint\n\n%s\n", summary(result))
	if len(result.Findings) > 0 {
		out.WriteString("\n| Severity | Place | Finding | Rule |\n| --- | --- | --- | --- |\n")
	}
	for _, f := range bySeverity(result.Findings) {
		text := sentences(f)
		for i := range text {
			text[i] = MarkdownCell(text[i])
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n",
			f.Severity, MarkdownCell(position(f).String()), strings.Join(text, "<br>"), MarkdownCell(f.Rule))
	}
	_, err := w.Write(out.Bytes())
	return err
}

// MarkdownCell returns text as Markdown for a cell of a table.
func MarkdownCell(text string) string {
	return strings.ReplaceAll(escapeMarkdown(text), "|", `\|`) // in code, too: columns are split first
}

var markdownSpecials = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "$", `\$`, "@", `\@`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;",
)

// escapeMarkdown returns text as one line of GitHub's Markdown that reads the same. Text between two backticks becomes
// code.
func escapeMarkdown(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 || strings.Contains(text, "``") { // the backticks are not pairs
		return markdownSpecials.Replace(text)
	}
	for i := range parts {
		if i%2 == 0 {
			parts[i] = markdownSpecials.Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
