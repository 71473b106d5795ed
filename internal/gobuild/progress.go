package gobuild

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// every is how often progress is shown where lines cannot be overwritten, such as in a CI log.
const every = 10 * time.Second

// progress shows how far a build is: on a terminal in one line that is rewritten, elsewhere in a line now and then.
type progress struct {
	out      io.Writer
	title    string // of what is built
	terminal bool

	mu      sync.Mutex
	started time.Time
	shown   time.Time
	order   map[string]int // package → its place in the order of the build, from 1
	done    int
	what    string // the last line without its end, such as "412 of 2673 packages"
	drawn   bool   // the terminal's line holds a progress line
}

func newProgress(out io.Writer, title string) *progress {
	file, ok := out.(*os.File)
	now := time.Now()
	return &progress{out: out, title: title, terminal: ok && term.IsTerminal(int(file.Fd())), started: now, shown: now, what: "listing the packages"}
}

// of sets the packages that there are to build, in the order in which they are built.
func (p *progress) of(packages []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = make(map[string]int, len(packages))
	for i, path := range packages {
		p.order[path] = i + 1
	}
	p.what = fmt.Sprintf("0 of %d packages", len(packages))
}

// packageStarted takes a line of `go build -v`, and returns whether it names a package of the build. Packages
// that are in Go's cache are not named, so the place of the named one in the order says more than counting would.
func (p *progress) packageStarted(line string) bool {
	p.mu.Lock()
	place, ok := p.order[line]
	p.done = max(p.done, place)
	what := fmt.Sprintf("%d of %d packages", p.done, len(p.order))
	p.mu.Unlock()
	if ok {
		p.at(what, line)
	}
	return ok
}

// at shows what is done so far and what is being done now.
func (p *progress) at(what, now string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what = what
	line := fmt.Sprintf("  %s: %s, %s: %s", p.title, what, time.Since(p.started).Round(time.Second), now)
	switch {
	case p.terminal:
		const width = 110
		fmt.Fprintf(p.out, "\r\x1b[K%.*s", width, line)
		p.drawn = true
	case time.Since(p.shown) >= every:
		fmt.Fprintln(p.out, line)
		p.shown = time.Now()
	}
}

// tick shows what until it is stopped, for a time in which nothing else happens.
func (p *progress) tick(what string) (stop func()) {
	ticker := time.NewTicker(time.Second)
	stopped := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				p.at(what, "…")
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(stopped)
	}
}

// say writes a line that stays.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.out, line)
}

// state says how far it is, for an error.
func (p *progress) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%s after %s", p.what, time.Since(p.started).Round(time.Second))
}

// end leaves the terminal's line clean.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}
