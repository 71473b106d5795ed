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

// live shows progress while scenarios run. On a terminal, it rewrites a status line with the running scenarios;
// elsewhere, such as in the log of a CI job, it prints the status every ten seconds. A nil live prints nothing.
// Report.mu guards it.
type live struct {
	out      io.Writer
	width    func() int // columns of the terminal; nil without a terminal
	interval time.Duration
	report   *Report

	run     *run
	running []*scenario   // of the current part, in the order of their start
	done    int           // scenarios of the current part
	bad     int           // of them
	shown   bool          // the status line is on the screen
	stop    chan struct{} // ends the ticks of the current part
}

func newLive(out io.Writer, r *Report) *live {
	l := &live{out: out, report: r, interval: 10 * time.Second}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		l.interval = time.Second // the line shows durations
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
	l.run, l.done, l.bad, l.stop = r, 0, 0, make(chan struct{})
	order := ""
	if r.seed != "" {
		order = ", in random order with seed " + r.seed
	}
	p := r.current()
	scenarios, features := count(len(p.scenarios), "scenario"), count(p.features, "feature")
	fmt.Fprintf(l.out, "%s%s in %s%s\n", p.title(), scenarios, features, order)
	go l.tick(l.stop)
}

// tick shows progress periodically until the part has finished.
func (l *live) tick(stop <-chan struct{}) {
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
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

// concluded counts a scenario, and prints its failure.
func (l *live) concluded(s *scenario) {
	if l == nil {
		return
	}
	l.ended(s)
	l.done++
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
	if st := s.failedStep(); st != nil {
		fmt.Fprintf(l.out, "    %s:%d: %s\n", s.feature.file, line, st.phrase())
	} else {
		fmt.Fprintf(l.out, "    %s\n", s.location())
	}
	if first := l.report.told.first(s); first != s {
		fmt.Fprintf(l.out, "    %s\n", reference(first))
		return
	}
	fmt.Fprintf(l.out, "    %s\n", strings.ReplaceAll(cause, "\n", "\n    "))
	printAttached(l.out, s)
}

// progress shows the status, unless the run has finished.
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

// status returns, for example, "12 of 100 scenarios, 1 failed, 31.20s; running: Install (12.10s), Upgrade (3.42s)".
func (l *live) status() string {
	now := l.report.now()
	p := l.run.current()
	status := fmt.Sprintf("%s%d of %s", p.title(), l.done, count(len(p.scenarios), "scenario"))
	if l.bad > 0 {
		status += fmt.Sprintf(", %d failed", l.bad)
	}
	status += ", " + elapsed(now.Sub(p.started))
	var running []string
	for _, s := range l.running {
		running = append(running, fmt.Sprintf("%s (%s)", s.title(), elapsed(now.Sub(s.started))))
	}
	if len(running) > 0 {
		status += "; running: " + strings.Join(running, ", ")
	}
	return status
}

// redraw rewrites the status line of a terminal, truncated to its width.
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

// clear removes the status line.
func (l *live) clear() {
	if l.shown {
		fmt.Fprint(l.out, "\r\033[K")
		l.shown = false
	}
}

// runFinished prints the result of the current part, and the summary if there is only one.
func (l *live) runFinished() {
	if l == nil {
		return
	}
	close(l.stop)
	l.clear()
	fmt.Fprintln(l.out)
	l.printTally(l.run.current())
	if l.run.current().Name == "" {
		l.summarize()
	}
}

func (l *live) printTally(p *part) {
	counts, color := p.counts(), green
	if counts.bad() {
		color = red
	}
	fmt.Fprintf(l.out, "%s%s: %s, in %s\n", p.title(), l.color(bold, count(len(p.scenarios), "scenario")),
		l.color(color, counts.String()), p.took())
}

// written prints the summary of a run with several parts, after the last one.
func (l *live) written() {
	if l == nil || l.run.current().Name == "" {
		return
	}
	fmt.Fprintln(l.out)
	for _, p := range l.run.parts {
		l.printTally(p)
	}
	l.summarize()
}

// summarize prints what a reader looks for after the run.
func (l *live) summarize() {
	r := l.run
	l.printSlowest()
	if r.seed != "" {
		fmt.Fprintf(l.out, "\nRandomized with seed: %s\n", r.seed)
	}
	if r.snippets != "" {
		fmt.Fprintf(l.out, "\nSnippets for undefined steps:\n\n%s\n", r.snippets)
	}
	l.printBad()
}

func (l *live) printSlowest() {
	fmt.Fprintln(l.out, "\nSlowest:")
	for _, s := range l.run.slowest(slowestShown) {
		fmt.Fprintf(l.out, "  %8s  %s  %s\n", elapsed(s.duration()), s.name(), l.color(dim, s.location()))
	}
}

// printBad prints the failed scenarios with the commands that run them alone.
func (l *live) printBad() {
	bad := l.run.bad()
	if len(bad) == 0 {
		return
	}
	fmt.Fprintln(l.out, "\nFailed:")
	for _, s := range bad {
		fmt.Fprintf(l.out, "  %s  %s\n", s.name(), l.color(dim, s.location()))
		if command := l.report.runAlone(s); command != "" {
			fmt.Fprintf(l.out, "    %s\n", command)
		}
	}
}

// ANSI codes of text styles.
const (
	bold  = "1"
	dim   = "2"
	red   = "31;1"
	green = "32;1"
)

// color styles text on terminals, unless NO_COLOR is set (https://no-color.org).
func (l *live) color(code, text string) string {
	if l.width == nil || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\033[" + code + "m" + text + "\033[0m"
}
