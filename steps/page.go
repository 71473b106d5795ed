package steps

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// WritePage writes docs/steps.md: every step of the vocabulary, by noun, with what it is for, what follows it, and an example.
func WritePage(to io.Writer) error {
	var page strings.Builder
	page.WriteString("<!-- Written by `make docs` from the rows in steps. -->\n\n# Steps\n\n" +
		"What a scenario can say, of any chart. A word in capitals stands for something of the scenario's own; what is in brackets may be left out.\n\n" +
		"- `WORKLOAD` is `deployment/NAME`, `statefulset/NAME`, `daemonset/NAME` or `job/NAME`.\n" +
		"- `KIND` is what kubectl takes: `configmap`, `ConfigMap`, `cm`, `networkpolicies.networking.k8s.io`, …\n" +
		"- `NAMES` are one or several: `a`, `a and b`, `a, b and c`.\n" +
		"- A step that names no namespace means the suite's own.\n" +
		"- A table has the columns that are shown, in any order. Those with a `?` may be left out.\n" +
		"- Each example is a scenario that passes on the chart which `helm create shop` makes. Those under \"Running containers\" and \"Requests\" need nodes that run containers: " +
		"scenarios with these steps have the tag `" + Containers + "`.\n\n")
	nouns := newScenario(new(Suite)).vocabulary()
	for _, about := range nouns {
		fmt.Fprintf(&page, "- [%s](#%s)\n", about.title, anchor(about.title))
		for _, row := range about.steps {
			fmt.Fprintf(&page, "  - [%s](#%s)\n", inText(row.title()), anchor(row.title()))
		}
	}
	for _, about := range nouns {
		fmt.Fprintf(&page, "\n## %s\n", about.title)
		for _, row := range about.steps {
			fmt.Fprintf(&page, "\n### %s\n\n%s\n\n```gherkin\n%s\n```\n", inText(row.title()), row.does, strings.TrimSpace(row.example))
		}
	}
	_, err := io.WriteString(to, page.String())
	return err
}

// title is the phrase with what must follow it.
func (s step) title() string {
	switch {
	case s.columns != nil:
		return s.phrase + " | " + strings.Join(s.columns, " | ") + " |"
	case s.text != "":
		return s.phrase + ` """` + s.text + `"""`
	}
	return s.phrase
}

// inText keeps Markdown from reading brackets as a link.
func inText(phrase string) string { return strings.NewReplacer("[", `\[`, "]", `\]`).Replace(phrase) }

// notInAnchors is what GitHub leaves out of a heading's anchor.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
