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

// errDeadline is the cause of a run that ran out of time.
var errDeadline = errors.New("the time limit of go test (-timeout) is near")

// closing is how long before the time limit of the test a run ends, to report and to clean up.
const closing = 30 * time.Second

// stopping is how long it may take to stop the cluster after that.
const stopping = 5 * time.Second

// untilDeadline returns a context that ends shortly before the time limit of t.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadlineCause(context.Background(), deadline.Add(-closing), errDeadline)
}

// closeContext returns the context of cleaning up: up to three minutes, but not beyond the time limit of t.
func closeContext(t *testing.T) (context.Context, context.CancelFunc) {
	end := time.Now().Add(3 * time.Minute)
	if deadline, ok := t.Deadline(); ok && deadline.Before(end) {
		end = deadline.Add(-stopping)
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

// waitForUser waits until the user has looked at what failed scenarios left, or ctx ends.
func (r *suiteRun) waitForUser(ctx context.Context, provider cluster.Provider, kept []string) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	fmt.Fprintf(r.out, "\nThe cluster is kept, with what failed scenarios made in %s.\n\n"+
		"    export KUBECONFIG=%s\n\nPress Ctrl-C to end it.\n", strings.Join(kept, ", "), provider.Kubeconfig())
	if deadline, ok := ctx.Deadline(); ok {
		fmt.Fprintf(r.out, "It ends by itself at %s, the time limit of go test; -timeout 0 sets none.\n",
			deadline.Format(time.TimeOnly))
	}
	<-ctx.Done()
}

// tuneProcess adapts the process to a run, before the first Kubernetes client is made.
func tuneProcess() {
	// The log of client-go is about connections and retries, which are no scenario's concern, and it would garble the
	// live view. Errors that matter are returned, and warnings of the API server are in the output of Helm's commands.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))

	// Helm's commands allocate much and retain little. With a heap of up to five times what is live, a few hundred MiB,
	// garbage collection leaves a tenth of this process's CPU time to the control plane beside it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
