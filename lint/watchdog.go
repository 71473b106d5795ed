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

// watchdog ends the process of a chart if linting it takes too long or too much memory.
type watchdog struct {
	timeLimit   time.Duration // of CPU time, for each rendering
	memoryLimit uint64        // for the process, in bytes
	stderr      io.Writer
	exit        func(code int)

	mu      sync.Mutex
	tasks   []*task // in the order in which they started
	started int     // the number of tasks so far
}

// task is work on a chart. The task without a name is all of that work.
type task struct {
	name  string
	began time.Time
	cpu   time.Duration // that the process had used when the task began
}

// newWatchdog returns a watchdog that ends this process.
func newWatchdog(timeLimit time.Duration, memoryLimit uint64, stderr io.Writer) *watchdog {
	return &watchdog{timeLimit: timeLimit, memoryLimit: memoryLimit, stderr: stderr, exit: os.Exit}
}

// start starts the watchdog. Until stop returns, it may end the process at any time.
func (w *watchdog) start() (stop func()) {
	// The watchdog has to act before the runtime does, which ends the process with a stack trace. If all cores are busy,
	// it may be late: then the limit of the operating system holds.
	debug.SetMaxStack(int(8 * w.memoryLimit)) //nolint:gosec // a flag that fits
	debug.SetMemoryLimit(int64(w.memoryLimit / 2))
	debug.SetGCPercent(400) // up to that limit; it takes a fifth less CPU time than the default
	limitData(w.memoryLimit / 4 * 5)

	const interval = 10 * time.Millisecond // a loop allocates up to 50 MiB in that time
	ticker, stopping, stopped := time.NewTicker(interval), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stopping:
				return
			case now := <-ticker.C:
				w.check(now, cpuTime())
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
func (w *watchdog) watch(_, name string) (done func()) {
	started := &task{name: name, began: time.Now(), cpu: cpuTime()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, started)
	w.started++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tasks = slices.DeleteFunc(w.tasks, func(other *task) bool { return other == started })
	}
}

// check ends the process if a task has used more CPU time than its limit. Tasks that run at the same time share the
// CPU time of the process. The limit for all work grows with the number of tasks.
func (w *watchdog) check(now time.Time, cpu time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tasks {
		limit := w.timeLimit * time.Duration(max(w.running(), 1))
		if t.name == "" {
			limit = w.timeLimit * time.Duration(w.started)
		}
		if now.Sub(t.began) > w.timeLimit && cpu-t.cpu > limit {
			w.end(fmt.Sprintf("linting the chart takes more than %v of CPU time%s", w.timeLimit, during(t.name)),
				w.timeFix(t.name))
			return
		}
	}
	// End the process before it reaches the limit: a growing list or stack is copied, so that it exists twice, and the
	// garbage collector may delay the next check.
	switch used, stacks := memory(); {
	case stacks > w.memoryLimit/4:
		w.end(fmt.Sprintf("linting the chart takes more than %d MiB of memory%s", w.memoryLimit>>20, w.onlyTask()),
			"A template probably calls itself without end. If it does not, --memory-limit allows more.")
	case used > w.memoryLimit/4*3:
		w.end(fmt.Sprintf("linting the chart takes more than %d MiB of memory%s", w.memoryLimit>>20, w.onlyTask()), memoryFix)
	}
}

const memoryFix = "A template probably prints or collects without end, or a file is far too large. If not, " +
	"--memory-limit " +
	"allows more."

func (*watchdog) timeFix(task string) string {
	if strings.HasPrefix(task, "rendering") {
		return "A template probably loops or calls itself without end. If it only takes long, --time-limit allows more."
	}
	return "The chart renders, but its checks take long: --time-limit allows more."
}

// running returns the number of running tasks.
func (w *watchdog) running() int {
	n := 0
	for _, t := range w.tasks {
		if t.name != "" {
			n++
		}
	}
	return n
}

// end prints the reason, which becomes a finding, and ends the process.
func (w *watchdog) end(message, fix string) {
	fmt.Fprintf(w.stderr, "%s\n%s\n", message, fix)
	w.exit(exceeded)
}

func during(task string) string {
	if task == "" {
		return ""
	}
	return ", while " + task
}

// onlyTask names the running task, unless there are several.
func (w *watchdog) onlyTask() string {
	if w.running() != 1 {
		return ""
	}
	return during(w.tasks[len(w.tasks)-1].name)
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
