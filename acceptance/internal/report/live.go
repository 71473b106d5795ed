package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// live is what people see while scenarios run. A terminal has a last line that says what is running, and is rewritten; elsewhere, in the log of
// a CI job for example, such a line comes every ten seconds. A nil live says nothing. Report.mu guards it.
type live struct {
	out      io.Writer
	width    func() int // columns of the terminal; nil where there is none
	interval time.Duration
	report   *Report

	run     *run
	running []*scenario // in the order in which they started
	over    int
	bad     int
	shown   bool // the progress line is on the screen
	stop    chan struct{}
}

func newLive(out io.Writer, r *Report) *live {
	l := &live{out: out, report: r, interval: 10 * time.Second, stop: make(chan struct{})}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		l.interval = time.Second // the line shows how long things take
		l.width = func() int {
			if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	}
	return l
}

func (l *live) runStarted(r *run) {
	if l == nil {
		return
	}
	l.run = r
	order := ""
	if r.seed != "" {
		order = ", in random order with seed " + r.seed
	}
	fmt.Fprintf(l.out, "%s in %s%s\n", count(len(r.scenarios), "scenario"), count(len(r.features), "feature"), order)
	go l.tick()
}

// tick shows progress every now and then, until the run is over.
func (l *live) tick() {
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.report.mu.Lock()
			l.progress()
			l.report.mu.Unlock()
		}
	}
}

func (l *live) started(s *scenario) {
	if l == nil {
		return
	}
	l.running = append(l.running, s)
	l.redraw()
}

func (l *live) ended(s *scenario) {
	if l == nil {
		return
	}
	l.running = slices.DeleteFunc(l.running, func(other *scenario) bool { return other == s })
}

// concluded prints a failure at once.
func (l *live) concluded(s *scenario) {
	if l == nil {
		return
	}
	l.ended(s)
	l.over++
	if s.status.bad() {
		l.bad++
		l.clear()
		l.printFailure(s)
	}
	l.redraw()
}

func (l *live) printFailure(s *scenario) {
	line, cause := s.cause()
	fmt.Fprintf(l.out, "\n%s  %s\n", l.color(red, strings.ToUpper(s.status.String())), l.color(bold, s.name()))
	if st := s.culprit(); st != nil {
		fmt.Fprintf(l.out, "    %s:%d: %s\n", s.feature.file, line, st.phrase())
	} else {
		fmt.Fprintf(l.out, "    %s\n", s.location())
	}
	fmt.Fprintf(l.out, "    %s\n", strings.ReplaceAll(cause, "\n", "\n    "))
	printAttached(l.out, s)
}

// progress shows how far the run is, unless it is over.
func (l *live) progress() {
	if !l.run.finished.IsZero() {
		return
	}
	if l.width != nil {
		l.redraw()
		return
	}
	fmt.Fprintln(l.out, l.status())
}

// status is "12 of 100 scenarios, 1 failed, 31.20s; running: Install (12.10s), Upgrade (3.42s)".
func (l *live) status() string {
	now := l.report.now()
	status := fmt.Sprintf("%d of %s", l.over, count(len(l.run.scenarios), "scenario"))
	if l.bad > 0 {
		status += fmt.Sprintf(", %d failed", l.bad)
	}
	status += ", " + elapsed(now.Sub(l.run.started))
	var running []string
	for _, s := range l.running {
		running = append(running, fmt.Sprintf("%s (%s)", s.name(), elapsed(now.Sub(s.started))))
	}
	if len(running) > 0 {
		status += "; running: " + strings.Join(running, ", ")
	}
	return status
}

// redraw rewrites the last line of a terminal, cut to its width.
func (l *live) redraw() {
	if l.width == nil {
		return
	}
	line := l.status()
	if width := l.width() - 1; utf8.RuneCountInString(line) > width {
		line = string([]rune(line)[:max(width-1, 0)]) + "…"
	}
	fmt.Fprint(l.out, "\r\033[K"+line)
	l.shown = true
}

// clear removes the progress line.
func (l *live) clear() {
	if l.shown {
		fmt.Fprint(l.out, "\r\033[K")
		l.shown = false
	}
}

// runFinished prints the summary.
func (l *live) runFinished() {
	if l == nil {
		return
	}
	close(l.stop)
	l.clear()
	r := l.run
	color := green
	if len(r.bad()) > 0 {
		color = red
	}
	fmt.Fprintf(l.out, "\n%s: %s, in %s\n",
		l.color(bold, count(len(r.scenarios), "scenario")), l.color(color, r.tally()), elapsed(r.finished.Sub(r.started)))
	l.printSlowest()
	if r.seed != "" {
		fmt.Fprintf(l.out, "\nRandomized with seed: %s\n", r.seed)
	}
	if r.snippets != "" {
		fmt.Fprintf(l.out, "\nSome steps have no definition. A start:\n\n%s\n", r.snippets)
	}
	l.printBad()
}

func (l *live) printSlowest() {
	const most = 5
	fmt.Fprintln(l.out, "\nSlowest:")
	for _, s := range l.run.slowest(most) {
		fmt.Fprintf(l.out, "  %8s  %s  %s\n", elapsed(s.duration()), s.name(), l.color(dim, s.location()))
	}
}

// printBad says how to run each scenario that failed alone.
func (l *live) printBad() {
	bad := l.run.bad()
	if len(bad) == 0 {
		return
	}
	fmt.Fprintln(l.out, "\nFailed:")
	for _, s := range bad {
		fmt.Fprintf(l.out, "  %s  %s\n", s.name(), l.color(dim, s.location()))
		if command := l.report.runAlone(s.pickle); command != "" {
			fmt.Fprintf(l.out, "    %s\n", command)
		}
	}
}

// The looks of text on a terminal, as ANSI codes.
const (
	bold  = "1"
	dim   = "2"
	red   = "31;1"
	green = "32;1"
)

// color is text with a look, on terminals; https://no-color.org is heeded.
func (l *live) color(code, text string) string {
	if l.width == nil || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\033[" + code + "m" + text + "\033[0m"
}
