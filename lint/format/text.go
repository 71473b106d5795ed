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

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// writeText is for people: the findings of a file together, each with its place first, as terminals and editors recognize it,
// the line that is wrong, and what to do below; then the counts, and how long it took.
func writeText(w io.Writer, result *linter.Result) error {
	t := text{colored: isTerminal(w), sources: newSources()}
	for i, f := range result.Findings {
		if i > 0 && place(f).File != place(result.Findings[i-1]).File {
			t.out.WriteByte('\n')
		}
		t.finding(f)
	}
	if len(result.Findings) > 0 {
		t.out.WriteByte('\n')
	}
	fmt.Fprintf(&t.out, "%s (%.2f s)\n", summary(result), result.Duration.Seconds())
	_, err := w.Write(t.out.Bytes())
	return err
}

// isTerminal says whether w shows colors to somebody who wants them; see https://no-color.org.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

type text struct {
	out     bytes.Buffer
	colored bool
	sources *sources
}

// SGR parameters of ECMA-48.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "1;33"
	blue   = "1;34"
	green  = "1;32"
)

var severityColors = map[rule.Severity]string{rule.Error: red, rule.Warning: yellow, rule.Info: blue}

func (t *text) paint(color, s string) string {
	if !t.colored {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t *text) finding(f rule.Finding) {
	at := place(f)
	fmt.Fprintf(&t.out, "%s: %s: %s %s\n",
		t.paint(bold, printable(at.String())),
		t.paint(severityColors[f.Severity], f.Severity.String()),
		printable(f.Message),
		t.paint(dim, "["+f.Rule+"]"))
	t.quote(at)
	if f.Value != nil {
		fmt.Fprintf(&t.out, "    %s\n", printable(setBy(f.Value)))
		if f.Value.Position != at {
			t.quote(f.Value.Position)
		}
	}
	if f.Variants != "" {
		fmt.Fprintf(&t.out, "    %s\n", printable(onlyWith(f.Variants)))
	}
	fmt.Fprintf(&t.out, "    %s\n", printable(f.Fix))
}

// quote shows the line at a place, and a caret under the column where that is known; nothing if the line cannot be read.
func (t *text) quote(at chart.Position) {
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

// excerpt is a line before and from a column, which counts characters from 1; both are cut where the line is too long to show.
func excerpt(line []rune, column int) (before, after string) {
	const most = 100 // characters on each side
	at := min(max(column-1, 0), len(line))
	before, after = string(line[:at]), string(line[at:])
	if at > most {
		before = "…" + string(line[at-most:at])
	}
	if len(line)-at > most {
		after = string(line[at:at+most]) + "…"
	}
	return before, after
}

// blank is as wide as s on a terminal, and empty to the eye.
func blank(s string) string {
	narrow := runewidth.Condition{} // whatever the locale
	var out strings.Builder
	for _, r := range s {
		if r == '\t' {
			out.WriteByte('\t')
			continue
		}
		out.WriteString(strings.Repeat(" ", narrow.RuneWidth(r)))
	}
	return out.String()
}

// printable is s on one line, without what would make a terminal do more than print it: charts are written by strangers.
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
