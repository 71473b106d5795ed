// Package suppression reads suppressions in the comments of a chart's templates and values:
//
//	{{- /* chartlint:ignore RULE: reason */ -}}
//	replicas: 1 # chartlint:ignore RULE, RULE: reason
//
// A comment on a line of its own is for the next line; another comment is for its own line.
package suppression

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/suggest"
)

// Comment accepts the findings of rules on a line.
type Comment struct {
	Rules  []string // the IDs
	Reason string
	// Position is the position of the comment, and Line the line that it is for, which may be the same.
	Position chart.Position
	Line     int
	// Problem says why the comment is not valid, and suppresses nothing; empty if it is.
	Problem string
}

// Matches reports whether the comment is for findings of a rule at a position.
func (c *Comment) Matches(rule string, at chart.Position) bool {
	return c.Problem == "" && at.File == c.Position.File && at.Line == c.Line && slices.Contains(c.Rules, rule)
}

// Read returns the comments in the templates and values files of the chart, of its subcharts, and of values sets. ids
// are the IDs of all rules.
func Read(c *chart.Chart, sets []*chart.ValuesSet, ids []string) []Comment {
	r := reader{ids: ids, seen: map[string]bool{}}
	r.readChart(c.Source())
	for _, set := range sets {
		for at, content := range set.Files() {
			r.readFile(at, content)
		}
	}
	return r.found
}

type reader struct {
	ids   []string
	seen  map[string]bool // by file
	found []Comment
}

func (r *reader) readChart(s *chart.Source) {
	for _, f := range s.Templates {
		r.readFile(f.Position, f.Content)
	}
	for _, f := range s.Files {
		if yaml := path.Ext(f.Name) == ".yaml"; yaml && (path.Dir(f.Name) == "." || path.Dir(f.Name) == "ci") {
			r.readFile(f.Position, f.Content)
		}
	}
	for _, d := range s.Dependencies {
		if d.Source != nil {
			r.readChart(d.Source)
		}
	}
}

const marker = "chartlint:ignore"

var (
	// comment matches a suppression: what stands before it on its line, and its text.
	comment = regexp.MustCompile(`^(.*?)(?:\{\{-?\s*)?(?:#|/\*|^)\s*` + marker + `\b(.*)$`)
	// noCode matches a line without YAML and actions.
	noCode = regexp.MustCompile(`^\s*(#.*|\{\{-?\s*/\*.*\*/\s*-?\}\}|\*/\s*-?\}\})?\s*$`)
	// commentEnd matches the end of a template comment.
	commentEnd = regexp.MustCompile(`\s*\*/\s*-?\}\}.*$`)
)

func (r *reader) readFile(at chart.Position, content []byte) {
	if r.seen[at.File] || !strings.Contains(string(content), marker) {
		return
	}
	r.seen[at.File] = true
	lines := strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n")
	for i, line := range lines {
		m := comment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		c := Comment{Position: at, Line: i + 1}
		c.Position.Line = i + 1
		if strings.TrimSpace(m[1]) == "" {
			c.Line = nextLine(lines, i+1) + 1
		}
		r.parse(&c, commentEnd.ReplaceAllString(m[2], ""))
		r.found = append(r.found, c)
	}
}

// nextLine returns the index of the first line from an index on that is not only a comment.
func nextLine(lines []string, from int) int {
	for from < len(lines)-1 && (noCode.MatchString(lines[from]) || comment.MatchString(lines[from])) {
		from++
	}
	return from
}

// parse reads the text after the marker.
func (r *reader) parse(c *Comment, text string) {
	rules, reason, _ := strings.Cut(text, ":")
	c.Reason = strings.TrimSpace(reason)
	for id := range strings.SplitSeq(rules, ",") {
		if id = strings.TrimSpace(id); id != "" {
			c.Rules = append(c.Rules, id)
		}
	}
	switch unknown := slices.IndexFunc(c.Rules, func(id string) bool { return !slices.Contains(r.ids, id) }); {
	case len(c.Rules) == 0:
		c.Problem = "names no rule"
	case unknown >= 0:
		c.Problem = fmt.Sprintf("names the unknown rule %q%s", c.Rules[unknown], suggest.For(c.Rules[unknown], r.ids))
	case c.Reason == "":
		c.Problem = "has no reason"
	}
}
