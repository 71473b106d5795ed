package format

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"github.com/traderadmin/charts/lint/linter"
)

// writeText writes text for people: each finding with its position, in the form that terminals and editors recognize,
// the quoted line and the fix; then the counts and the duration. Errors are first, then warnings, then infos. An empty
// line separates the files.
func writeText(w io.Writer, result *linter.Result) error {
	t := text{colored: isTerminal(w), sources: newSources()}
	left, shown, hidden := map[repetition]int{}, map[repetition]int{}, map[repetition]int{}
	findings := bySeverity(result.Findings)
	for _, f := range findings {
		left[repetitionOf(f)]++
	}
	for i, f := range findings {
		if i > 0 && (position(f).File != position(findings[i-1]).File || f.Severity != findings[i-1].Severity) {
			t.out.WriteByte('\n')
		}
		r := repetitionOf(f)
		if f.Severity == linter.Error || shown[r] < maxShown {
			shown[r]++
			t.finding(f)
		} else {
			hidden[r]++
		}
		if left[r]--; left[r] == 0 && hidden[r] > 0 {
			fmt.Fprintf(&t.out, "%s: %d more of this kind, which --format json lists %s\n",
				t.paint(bold, printable(r.file)), hidden[r], t.paint(dim, "["+r.rule+"]"))
		}
	}
	if len(result.Findings) > 0 {
		t.out.WriteByte('\n')
	}
	fmt.Fprintf(&t.out, "%s (%.2f s)\n", summary(result), result.Duration.Seconds())
	_, err := w.Write(t.out.Bytes())
	return err
}

// maxShown is how many findings of one rule in one file are shown that are no errors.
const maxShown = 5

// repetition identifies findings of one rule and severity in one file.
type repetition struct {
	chart, file, rule string
	severity          linter.Severity
}

func repetitionOf(f linter.Finding) repetition {
	return repetition{f.Chart, position(f).File, f.Rule, f.Severity}
}

// isTerminal reports whether w is a terminal that wants colors; see https://no-color.org.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

type text struct {
	out     bytes.Buffer
	colored bool
	sources *sources
}

// The parameters of SGR control sequences, ECMA-48 section 8.3.117.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "1;33"
	blue   = "1;34"
	green  = "1;32"
)

var severityColors = map[linter.Severity]string{linter.Error: red, linter.Warning: yellow, linter.Info: blue}

func (t *text) paint(color, s string) string {
	if !t.colored {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t *text) finding(f linter.Finding) {
	at := position(f)
	fmt.Fprintf(&t.out, "%s: %s: %s %s\n",
		t.paint(bold, printable(at.String())),
		t.paint(severityColors[f.Severity], f.Severity.String()),
		printable(f.Message),
		t.paint(dim, "["+f.Rule+"]"))
	t.quote(at)
	if hasValue(f) {
		fmt.Fprintf(&t.out, "    %s\n", printable(setBy(f.Value)))
		if f.Value.Position != at {
			t.quote(f.Value.Position)
		}
	}
	if f.Variants != "" {
		fmt.Fprintf(&t.out, "    %s\n", printable(onlyWith(f)))
	}
	fmt.Fprintf(&t.out, "    %s\n", printable(f.Fix))
}

// quote writes the line at a position, and a caret under the column if it is known. It writes nothing if the line
// cannot be quoted.
func (t *text) quote(at linter.Position) {
	line, ok := t.sources.line(at)
	if !ok {
		return
	}
	before, after := excerpt([]rune(line), at.Column)
	number := strconv.Itoa(at.Line)
	fmt.Fprintf(&t.out, "    %s %s\n", t.paint(dim, number+" |"), strings.TrimRight(printable(before+after), " "))
	if at.Column > 0 {
		margin := strings.Repeat(" ", len(number)) + " |"
		fmt.Fprintf(&t.out, "    %s %s%s\n", t.paint(dim, margin), blank(printable(before)), t.paint(green, "^"))
	}
}

// excerpt splits a line at a column, which counts characters from 1, and shortens both parts if they are long.
func excerpt(line []rune, column int) (before, after string) {
	const longest = 100 // characters of a part
	at := min(max(column-1, 0), len(line))
	before, after = string(line[:at]), string(line[at:])
	if at > longest {
		before = "…" + string(line[at-longest:at])
	}
	if len(line)-at > longest {
		after = string(line[at:at+longest]) + "…"
	}
	return before, after
}

// blank returns spaces and tabs that are as wide as s on a terminal.
func blank(s string) string {
	width := runewidth.Condition{} // independent of the locale
	var out strings.Builder
	for _, r := range s {
		if r == '\t' {
			out.WriteByte('\t')
			continue
		}
		out.WriteString(strings.Repeat(" ", width.RuneWidth(r)))
	}
	return out.String()
}

// printable returns s on one line, without control characters: a chart may come from a stranger, who must not control
// the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r == '\n':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
