package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// printFailures prints the details of each failed scenario of the current part, and the command that runs it alone.
// godog has printed the first line of each cause.
func (r *Report) printFailures(out io.Writer) {
	for _, s := range r.run.bad() {
		if s.feature.part != r.run.current() {
			continue // printed after that part
		}
		fmt.Fprintf(out, "\nFailed: %s  %s\n", s.name(), s.location())
		_, cause := s.cause()
		switch first := r.told.first(s); {
		case first != s:
			fmt.Fprintf(out, "\n  Cause:\n    %s\n", reference(first))
		case strings.Contains(cause, "\n"):
			fmt.Fprintf(out, "\n  Cause:\n    %s\n", strings.ReplaceAll(cause, "\n", "\n    "))
			printAttached(out, s)
		default:
			printAttached(out, s)
		}
		if command := r.runAlone(s); command != "" {
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

// causes are the failed scenarios that were printed in full, by their causes.
type causes map[string]*scenario

// first returns the first scenario that failed for the same cause, which may be s.
func (c causes) first(s *scenario) *scenario {
	_, cause := s.cause()
	key := incidental.ReplaceAllString(cause, "")
	if known, ok := c[key]; ok {
		return known
	}
	c[key] = s
	return s
}

// reference returns the words for a cause that another scenario tells in full.
func reference(first *scenario) string {
	return fmt.Sprintf("the same as in scenario %q (%s)", first.name(), first.location())
}

// incidental finds what differs between scenarios that fail for one cause: times, names of namespaces, the random ends
// of names of pods and ReplicaSets, and the command lines. The letters are those that Kubernetes draws.
var incidental = regexp.MustCompile(`(?m)\b\d+(?:\.\d+)?(?:ms|s|m)\b|namespace \S+|` +
	`(?:-[b-df-hj-np-tv-xz2-9]{8,10})?-[b-df-hj-np-tv-xz2-9]{5}\b|^while running: .*$| \([a-z]+\)$`)
