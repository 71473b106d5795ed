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
	"testing"
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

// untilDeadline returns a context that ends shortly before the time limit of t.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadlineCause(context.Background(), deadline.Add(-closeMargin), errDeadline)
}

// closeContext returns the context for clean-up. It ends after three minutes, or shortly before the time limit of t.
func closeContext(t *testing.T) (context.Context, context.CancelFunc) {
	end := time.Now().Add(3 * time.Minute)
	if deadline, ok := t.Deadline(); ok && deadline.Before(end) {
		end = deadline.Add(-stopMargin)
	}
	return context.WithDeadline(context.Background(), end)
}

// untilInterrupt returns a context that ends on the first SIGINT or SIGTERM, so that the run can clean up. A second
// signal kills the process.
func untilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// waitForUser prints how to reach the objects of failed scenarios, and waits for Ctrl-C or the end of ctx.
func (r *suiteRun) waitForUser(ctx context.Context, provider cluster.Provider, kept []string) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	fmt.Fprintf(r.out, "\nThe cluster is kept, with the objects of failed scenarios in %s.\n\n"+
		"    export KUBECONFIG=%s\n\nPress Ctrl-C to end it.\n", strings.Join(kept, ", "), provider.Kubeconfig())
	if deadline, ok := ctx.Deadline(); ok {
		fmt.Fprintf(r.out, "It ends by itself at %s, the time limit of go test; -timeout 0 sets none.\n",
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
