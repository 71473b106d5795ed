package acceptance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/traderadmin/charts/cluster"
)

// errDeadline is the cancellation cause of a run that runs out of time.
var errDeadline = errors.New("the time limit of go test (-timeout) is near")

// closeMargin is the time before the time limit of the test at which a run ends, to leave time for the report and
// clean-up.
const closeMargin = 30 * time.Second

// stopMargin is the part of closeMargin that is reserved for stopping the cluster.
const stopMargin = 5 * time.Second

// hungAfter is how long a scenario may go on after the end of its context.
const hungAfter = 10 * time.Second

// lifetime returns the context of the run. It ends shortly before the time limit of the test, and on the first SIGINT,
// SIGTERM or SIGHUP, so that the run can clean up. A second signal kills the process.
func (r *suiteRun) lifetime() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if deadline, ok := r.t.Deadline(); ok {
		ctx, cancel = context.WithDeadlineCause(ctx, deadline.Add(-closeMargin), errDeadline)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	quiet := context.AfterFunc(ctx, func() {
		stop()
		fmt.Fprintf(r.out, "\nEnding the run (%v) and cleaning up. Ctrl-C kills it at once.\n", context.Cause(ctx))
	})
	return ctx, func() {
		quiet()
		stop()
		cancel()
	}
}

// closeContext returns the context for the clean-up of a run whose lifetime is ctx. It ends after three minutes,
// shortly before the time limit of the test, and on a signal that arrives during the clean-up.
func (r *suiteRun) closeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(3 * time.Minute)
	if deadline, ok := r.t.Deadline(); ok && deadline.Before(end) {
		end = deadline.Add(-stopMargin)
	}
	closing, cancel := context.WithDeadline(context.Background(), end)
	if ctx.Err() == nil {
		context.AfterFunc(ctx, cancel)
	}
	return closing, cancel
}

// afterEnd returns a context that ends a while after ctx.
func afterEnd(ctx context.Context, while time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { time.AfterFunc(while, cancel) })
	return later, cancel
}

// waitForUser prints how to reach the objects of failed scenarios, and waits for Ctrl-C or the end of ctx.
func (r *suiteRun) waitForUser(ctx context.Context, provider cluster.Provider, kept []string) {
	fmt.Fprintf(r.out, "\nThe objects of failed scenarios are kept in %s.\n\n    export KUBECONFIG=%s\n\n"+
		"Press Ctrl-C to delete them and end the run.\n", strings.Join(kept, ", "), provider.Kubeconfig())
	if deadline, ok := ctx.Deadline(); ok {
		fmt.Fprintf(r.out, "It ends by itself at %s, before the time limit of go test; -timeout=0 sets none.\n",
			deadline.Format(time.TimeOnly))
	}
	<-ctx.Done()
}

// tuneProcess sets the logger and the garbage collector for a run. Clients keep the logger that is set when they are
// created, so it must be called before the first one is.
func tuneProcess() {
	// client-go logs connections and retries, which say nothing about a scenario and would garble the live view. Errors
	// are returned anyway, and warnings of the API server are part of the output of Helm commands.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))

	// Helm commands allocate much and retain little. A heap of up to five times its live size, a few hundred MiB, saves a
	// tenth of this process's CPU time, which the control plane can use.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
