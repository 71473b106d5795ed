package report

import (
	"fmt"
	"io"
	"strings"
)

// printFailures prints the attachments of each failed scenario, and the command that runs it alone.
func (r *Report) printFailures(out io.Writer) {
	for _, s := range r.run.bad() {
		fmt.Fprintf(out, "\nFailed: %s  %s\n", s.name(), s.location())
		printAttached(out, s)
		if command := r.runAlone(s.pickle); command != "" {
			fmt.Fprintf(out, "\n  %s:\n    %s\n", runAloneName, command)
		}
	}
}

// attachedLines limits the printed lines of an attachment. The files of the report contain all lines.
const attachedLines = 25

// printAttached prints the text attachments of a scenario, except the command that runs it alone.
func printAttached(out io.Writer, s *scenario) {
	for _, st := range s.steps {
		for _, a := range st.attachments {
			if a.FileName == runAloneName || !strings.HasPrefix(a.MediaType, "text/") {
				continue
			}
			lines := strings.Split(strings.TrimRight(string(a.Body), "\n"), "\n")
			if more := len(lines) - attachedLines; more > 1 {
				lines = append(lines[:attachedLines], fmt.Sprintf("(%d more lines)", more))
			}
			fmt.Fprintf(out, "\n  %s:\n    %s\n", a.FileName, strings.Join(lines, "\n    "))
		}
	}
}
