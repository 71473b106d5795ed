package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"time"
)

// watchdog ends the process with one error when a chart keeps it busy for too long, or when it takes too much memory. Templates are
// programs: they loop and call themselves, and Helm's engine, which executes them in this process, cannot be interrupted.
type watchdog struct {
	time   time.Duration // that work on one chart may take
	memory uint64        // bytes that the process may take
	stderr io.Writer
	exit   func(code int)

	mu   sync.Mutex
	work []*work // in the order in which it began
}

// work is some work on a chart; one whose doing is empty is all of it.
type work struct {
	chart, doing string
	began        time.Time
}

// start begins to watch. Until stop returns, the process may end at any time.
func (w *watchdog) start() (stop func()) {
	// The watchdog is to be the first to notice, not the runtime, whose last words are for those who work on this program.
	debug.SetMaxStack(int(8 * w.memory)) //nolint:gosec // a flag that fits
	debug.SetMemoryLimit(int64(w.memory / 2))

	const interval = 10 * time.Millisecond // in which a loop may well take 50 MiB
	ticker, stopping, stopped := time.NewTicker(interval), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stopping:
				return
			case now := <-ticker.C:
				w.check(now)
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(stopping)
		<-stopped
	}
}

// watch notes that work begins, and, when the function is called that it returns, that it has ended.
func (w *watchdog) watch(chart, doing string) (done func()) {
	begun := &work{chart: chart, doing: doing, began: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.work = append(w.work, begun)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.work = slices.DeleteFunc(w.work, func(other *work) bool { return other == begun })
	}
}

func (w *watchdog) check(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, chart := range w.work {
		if chart.doing == "" && now.Sub(chart.began) > w.time {
			w.end("%s is not done after %v%s. A template that loops or calls itself without end is the usual cause; --time-limit allows more.",
				chart.chart, w.time, w.oldest(chart.chart))
		}
	}
	// What grows, a list or a stack, is copied to a larger place, and the old one is there until then; meanwhile the garbage collector
	// may hold up everything else, this included. So the end comes before the limit.
	switch used, stacks := memory(); {
	case stacks > w.memory/4:
		w.end("%s goes too deep for %d MiB of memory%s. A template that calls itself without end is the usual cause; --memory-limit allows more.",
			w.charts(), w.memory>>20, w.only())
	case used > w.memory/4*3:
		w.end("%s takes more than %d MiB of memory%s. A template that prints or collects without end, or a file that is far too large, "+
			"is the usual cause; --memory-limit allows more.", w.charts(), w.memory>>20, w.only())
	}
}

// end says what is wrong, and ends the process.
func (w *watchdog) end(format string, args ...any) {
	fmt.Fprintf(w.stderr, "lint: "+format+"\n", args...)
	w.exit(couldNotRun)
}

// charts names those in work.
func (w *watchdog) charts() string {
	var names []string
	for _, work := range w.work {
		if !slices.Contains(names, work.chart) {
			names = append(names, work.chart)
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// oldest is what has been done with a chart for the longest time.
func (w *watchdog) oldest(chart string) string {
	for _, work := range w.work {
		if work.doing != "" && work.chart == chart {
			return " (" + work.doing + ")"
		}
	}
	return ""
}

// only is what is being done, if it is one thing.
func (w *watchdog) only() string {
	var all []string
	for _, work := range w.work {
		if work.doing != "" {
			all = append(all, work.doing)
		}
	}
	if len(all) != 1 {
		return ""
	}
	return " (" + all[0] + ")"
}

// memory is what the process takes, and what its stacks take of that, in bytes.
func memory() (used, stacks uint64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()
}

// newWatchdog is a watchdog that ends this process.
func newWatchdog(limit time.Duration, memory uint64, stderr io.Writer) *watchdog {
	return &watchdog{time: limit, memory: memory, stderr: stderr, exit: os.Exit}
}
