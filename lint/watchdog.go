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

// watchdog ends the process if linting a chart takes too long or too much memory. Templates are programs that may not
// terminate, and Helm's engine, which executes them in this process, cannot be interrupted.
type watchdog struct {
	timeLimit   time.Duration // for the work on one chart
	memoryLimit uint64        // for the process, in bytes
	stderr      io.Writer
	exit        func(code int)

	mu    sync.Mutex
	tasks []*task // in the order in which they started
}

// task is work on a chart. The task without a name is all of that work.
type task struct {
	chart, name string
	started     time.Time
}

// newWatchdog returns a watchdog that ends this process.
func newWatchdog(timeLimit time.Duration, memoryLimit uint64, stderr io.Writer) *watchdog {
	return &watchdog{timeLimit: timeLimit, memoryLimit: memoryLimit, stderr: stderr, exit: os.Exit}
}

// start starts the watchdog. Until stop returns, it may end the process at any time.
func (w *watchdog) start() (stop func()) {
	// The watchdog has to act before the runtime does: the runtime ends the process with a stack trace.
	debug.SetMaxStack(int(8 * w.memoryLimit)) //nolint:gosec // a flag that fits
	debug.SetMemoryLimit(int64(w.memoryLimit / 2))

	const interval = 10 * time.Millisecond // a loop allocates up to 50 MiB in that time
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

// watch records that a task starts. The function that it returns records that the task has ended.
func (w *watchdog) watch(chart, name string) (done func()) {
	started := &task{chart: chart, name: name, started: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, started)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tasks = slices.DeleteFunc(w.tasks, func(other *task) bool { return other == started })
	}
}

func (w *watchdog) check(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tasks {
		if t.name == "" && now.Sub(t.started) > w.timeLimit {
			w.end("%s takes longer than %v%s: a template probably loops or calls itself without end; --time-limit allows more",
				t.chart, w.timeLimit, w.firstTask(t.chart))
		}
	}
	// End the process before it reaches the limit: a growing list or stack is copied, so that it exists twice, and the
	// garbage collector may delay the next check.
	switch used, stacks := memory(); {
	case stacks > w.memoryLimit/4:
		w.end("%s exceeds %d MiB of memory%s: a template probably calls itself without end; --memory-limit allows more",
			w.charts(), w.memoryLimit>>20, w.onlyTask())
	case used > w.memoryLimit/4*3:
		w.end("%s exceeds %d MiB of memory%s: a template probably prints or collects without end, or a file is far "+
			"too large; --memory-limit allows more", w.charts(), w.memoryLimit>>20, w.onlyTask())
	}
}

// end prints an error and ends the process.
func (w *watchdog) end(format string, args ...any) {
	fmt.Fprintf(w.stderr, "lint: "+format+"\n", args...)
	w.exit(couldNotRun)
}

// charts names the charts that are being linted.
func (w *watchdog) charts() string {
	var names []string
	for _, t := range w.tasks {
		if !slices.Contains(names, t.chart) {
			names = append(names, t.chart)
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// firstTask names the task of a chart that has run for the longest time, in parentheses.
func (w *watchdog) firstTask(chart string) string {
	for _, t := range w.tasks {
		if t.name != "" && t.chart == chart {
			return " (" + t.name + ")"
		}
	}
	return ""
}

// onlyTask names the running task in parentheses, unless there are several.
func (w *watchdog) onlyTask() string {
	var names []string
	for _, t := range w.tasks {
		if t.name != "" {
			names = append(names, t.name)
		}
	}
	if len(names) != 1 {
		return ""
	}
	return " (" + names[0] + ")"
}

// memory returns the memory of the process and the part of it that is stacks, in bytes.
func memory() (used, stacks uint64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()
}
