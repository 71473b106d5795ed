package report

import (
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/traderadmin/charts/internal/github"
)

// Limits of the job summary, which keep it well below the 1 MiB that GitHub allows. See
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
const (
	summaryFailures  = 50
	summaryCauseSize = 4000 // bytes
)

// writeActions appends to the job summary, and annotates the failed lines of the feature files.
func (r *Report) writeActions() error {
	var failed []error
	if path := os.Getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if err := appendFile(path, r.summary()); err != nil {
			failed = append(failed, fmt.Errorf("write the job summary: %w", err))
		}
	}
	for _, s := range r.run.bad() {
		line, cause := s.cause()
		_, err := fmt.Fprintln(r.options.Actions, github.Annotation{
			Level: github.Error, File: fromRepository(s.feature.file), Line: line, Title: s.name(), Message: cause,
		})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func appendFile(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
}

// fromRepository returns the path of file relative to the root of the repository, as annotations need it.
func fromRepository(file string) string {
	root := os.Getenv("GITHUB_WORKSPACE")
	absolute, err := filepath.Abs(file)
	if root == "" || err != nil {
		return filepath.ToSlash(file)
	}
	if path, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(path) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(file)
}

// summary returns the job summary in Markdown.
func (r *Report) summary() string {
	var b strings.Builder
	counts, total := r.run.counts()
	bad := r.run.bad()
	if len(bad) == 0 {
		fmt.Fprintf(&b, "### ✅ %s: %s\n\n", html.EscapeString(r.options.Title), r.run.verdict())
	} else {
		fmt.Fprintf(&b, "### ❌ %s: %s\n\n", html.EscapeString(r.options.Title), r.run.verdict())
	}
	header, rule, row := "| scenarios |", "| ---: |", fmt.Sprintf("| %d |", total)
	for _, s := range worstFirst {
		if counts[s] > 0 {
			header += fmt.Sprintf(" %s |", s)
			rule += " ---: |"
			row += fmt.Sprintf(" %d |", counts[s])
		}
	}
	took := elapsed(r.run.finished.Sub(r.run.started))
	fmt.Fprintf(&b, "%s time |\n%s ---: |\n%s %s |\n", header, rule, row, took)
	for _, s := range bad[:min(len(bad), summaryFailures)] {
		r.summarize(&b, s)
	}
	if more := len(bad) - summaryFailures; more > 0 {
		fmt.Fprintf(&b, "\nAnd %d more, which are in the report.\n", more)
	}
	b.WriteString("\n")
	return b.String()
}

// summarize writes a failed scenario.
func (r *Report) summarize(b *strings.Builder, s *scenario) {
	line, cause := s.cause()
	if len(cause) > summaryCauseSize {
		cause = strings.ToValidUTF8(cause[:summaryCauseSize], "") + "\n…"
	}
	text := cause
	if st := s.failedStep(); st != nil {
		text = st.phrase() + "\n\n" + cause
	}
	fence := fenceFor(text)
	fmt.Fprintf(b, "\n<details><summary><b>%s</b> %s <code>%s:%d</code></summary>\n\n%stext\n%s\n%s\n",
		html.EscapeString(s.name()), s.status, html.EscapeString(s.feature.file), line, fence, text, fence)
	if command := r.runAlone(s); command != "" {
		fmt.Fprintf(b, "\nRun this scenario:\n\n%ssh\n%s\n%s\n", fence, command, fence)
	}
	b.WriteString("\n</details>\n")
}

// fenceFor returns a Markdown code fence that text does not contain.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}
