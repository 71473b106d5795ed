package steps

import (
	"errors"
	"strings"

	"github.com/traderadmin/charts/steps/internal/cause"
)

// helmError is the error of a Helm command with its cause in the first line.
type helmError struct {
	cause    string // its first line names the object and the reason
	words    string // Helm's, unless they say no more than cause
	command  string // the command line
	warnings string
	advice   string
	err      error
}

// explainHelm puts the cause of a failed Helm command first, followed by Helm's words, without their long values, and
// its warnings. It adds a remedy if scenarios create the same cluster-scoped object.
func explainHelm(err error, verb, warnings string) error {
	words, command, _ := strings.Cut(err.Error(), "\nwhile running: ")
	explained := &helmError{command: command, warnings: strings.TrimSpace(warnings), err: err}
	found := cause.Find(words)
	if found != strings.TrimSpace(words) {
		first, more, _ := strings.Cut(cause.Shorten(found), "\n")
		explained.cause = strings.TrimSpace(first + " (" + verb + ")\n" + more)
	} else {
		explained.cause = cause.Shorten(found)
	}
	if cause.Wrapped(words, found) {
		explained.words = cause.Shorten(strings.TrimSpace(words))
	}
	if strings.Contains(words, `in namespace "" exists and cannot be imported`) {
		explained.advice = "The object is cluster-scoped: scenarios that create it cannot run side by side; tag them " +
			Serial
	}
	return explained
}

func (e *helmError) Error() string {
	lines := []string{e.cause}
	if e.words != "" {
		lines = append(lines, "Helm's words: "+e.words)
	}
	lines = append(lines, "while running: "+e.command)
	for _, more := range []string{e.warnings, e.advice} {
		if more != "" {
			lines = append(lines, more)
		}
	}
	return strings.Join(lines, "\n")
}

func (e *helmError) Unwrap() error { return e.err }

// says reports whether an error contains a text. For a Helm command it may also be in the words that Error leaves out.
func says(err error, text string) bool {
	explained := (*helmError)(nil)
	return strings.Contains(err.Error(), text) ||
		errors.As(err, &explained) && strings.Contains(explained.err.Error(), text)
}
