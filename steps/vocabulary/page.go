package vocabulary

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// WritePage writes the documentation of all rows in Markdown, below an introduction: an overview of all phrases by
// noun, and a section for each row.
func (v *Vocabulary) WritePage(w io.Writer, introduction string) error {
	var overview, sections strings.Builder
	for _, noun := range v.nouns {
		fmt.Fprintf(&overview, "[%s](#%s):\n\n```text\n", noun.Title, anchor(noun.Title))
		fmt.Fprintf(&sections, "## %s\n\n", noun.Title)
		for _, row := range noun.Rows {
			fmt.Fprintf(&overview, "%s%s\n", row.Phrase, row.followedBy())
			fmt.Fprintf(&sections, "### %s\n\n", escape(row.Phrase))
			row.writeSection(&sections)
		}
		overview.WriteString("```\n\n")
	}
	_, err := io.WriteString(w, strings.TrimSuffix(introduction+overview.String()+sections.String(), "\n"))
	return err
}

// followedBy returns the note after the phrase in the overview.
func (r Row) followedBy() string {
	switch {
	case r.Columns != nil:
		return " (table)"
	case r.Text != "":
		return " (doc string)"
	}
	return ""
}

func (r Row) writeSection(page *strings.Builder) {
	paragraphs := []string{r.Does}
	if r.Columns != nil {
		paragraphs = append(paragraphs, "Columns of the table: `"+strings.Join(r.Columns, "`, `")+"`.")
	}
	if r.Text != "" {
		paragraphs = append(paragraphs, "Doc string: "+r.Text+".")
	}
	for _, paragraph := range paragraphs {
		fmt.Fprintf(page, "%s\n\n", wrap(paragraph, lineLength))
	}
	if r.Example != "" {
		fmt.Fprintf(page, "```gherkin\n%s\n```\n\n", strings.TrimSpace(r.Example))
	}
}

// lineLength is the number of characters that a line of prose has at most.
const lineLength = 120

// wrap breaks the lines of a paragraph at spaces. Code in backquotes may be broken, too: Markdown joins it again.
func wrap(text string, length int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > length {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

// escape keeps Markdown from reading brackets as a link.
func escape(text string) string { return strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text) }

// notInAnchors finds the characters that GitHub drops from the anchor of a heading.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor returns the anchor that GitHub gives a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
