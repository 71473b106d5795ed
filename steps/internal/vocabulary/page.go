package vocabulary

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// WritePage writes the documentation of all rows in Markdown, below an introduction: a table of contents, and for each
// row its title, what it does, and its example.
func (v *Vocabulary) WritePage(w io.Writer, introduction string) error {
	var contents, sections strings.Builder
	anchors := anchors{}
	for _, noun := range v.nouns {
		fmt.Fprintf(&contents, "- [%s](#%s)\n", noun.Title, anchors.add(noun.Title))
		fmt.Fprintf(&sections, "\n## %s\n", noun.Title)
		for _, row := range noun.Rows {
			fmt.Fprintf(&contents, "  - [%s](#%s)\n", escape(row.title()), anchors.add(row.title()))
			fmt.Fprintf(&sections, "\n### %s\n\n%s\n", escape(row.title()), wrap(row.Does, lineLength))
			if row.Example != "" {
				fmt.Fprintf(&sections, "\n```gherkin\n%s\n```\n", strings.TrimSpace(row.Example))
			}
		}
	}
	_, err := io.WriteString(w, introduction+contents.String()+sections.String())
	return err
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

// anchors counts the headings of a page that have the same anchor.
type anchors map[string]int

// add returns the anchor that GitHub gives the next heading with this text.
func (a anchors) add(heading string) string {
	anchor := strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
	a[anchor]++
	if n := a[anchor]; n > 1 {
		return fmt.Sprintf("%s-%d", anchor, n-1)
	}
	return anchor
}
