package gobuild

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// interval is how often progress is printed where lines cannot be overwritten, such as in a CI log.
const interval = 10 * time.Second

// progress prints the progress of a build. On a terminal it overwrites one line; elsewhere it prints a line from time
// to time.
type progress struct {
	out      io.Writer
	title    string // of the module
	terminal bool
	started  time.Time

	mu      sync.Mutex
	printed time.Time      // when the last line was printed
	order   map[string]int // position of each package in the build order, from 1
	done    int            // position of the last package that was started
	stage   string         // such as "412 of 2673 packages"
	drawn   bool           // the last line of the terminal is a progress line
}

func newProgress(out io.Writer, title string) *progress {
	file, ok := out.(*os.File)
	now := time.Now()
	return &progress{
		out:      out,
		title:    title,
		terminal: ok && term.IsTerminal(int(file.Fd())),
		started:  now,
		printed:  now,
		stage:    "listing the packages",
	}
}

// setPackages sets the packages to build, in build order.
func (p *progress) setPackages(packages []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = make(map[string]int, len(packages))
	for i, path := range packages {
		p.order[path] = i + 1
	}
	p.stage = fmt.Sprintf("0 of %d packages", len(packages))
}

// packageStarted handles a line of `go build -v` and reports whether it names a package of the build. Go does not name
// packages that are in its cache, so the position in the build order is a better measure than the number of lines.
func (p *progress) packageStarted(line string) bool {
	p.mu.Lock()
	position, ok := p.order[line]
	p.done = max(p.done, position)
	stage := fmt.Sprintf("%d of %d packages", p.done, len(p.order))
	p.mu.Unlock()
	if ok {
		p.update(stage, line)
	}
	return ok
}

// update sets the stage and prints it with the current item, at most once per interval if lines cannot be overwritten.
func (p *progress) update(stage, item string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage = stage
	line := fmt.Sprintf("  %s: %s, %s: %s", p.title, stage, time.Since(p.started).Round(time.Second), item)
	switch {
	case p.terminal:
		const width = 110
		fmt.Fprintf(p.out, "\r\x1b[K%.*s", width, line)
		p.drawn = true
	case time.Since(p.printed) >= interval:
		fmt.Fprintln(p.out, line)
		p.printed = time.Now()
	}
}

// repeat updates the stage every second until stop is called. It is for a stage that has no other updates.
func (p *progress) repeat(stage string) (stop func()) {
	ticker := time.NewTicker(time.Second)
	stopped := make(chan struct{})
	var updates sync.WaitGroup
	updates.Go(func() {
		for {
			select {
			case <-ticker.C:
				p.update(stage, "…")
			case <-stopped:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(stopped)
		updates.Wait()
	}
}

// println prints a line that is not overwritten.
func (p *progress) println(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.out, line)
}

// state returns the stage and the elapsed time, for an error.
func (p *progress) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%s after %s", p.stage, time.Since(p.started).Round(time.Second))
}

// end removes the progress line from the terminal.
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
