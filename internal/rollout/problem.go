package rollout

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// problem is something that keeps a workload from becoming ready. The package comment lists the problems that end a
// wait.
type problem struct {
	// text describes the problem and names its object. If it is "", the problem is reported only once it is confirmed.
	text string
	// cause is text without the name of the pod, so that it is the same for all pods with the same problem.
	cause string
	// id identifies the problem from one evaluation to the next.
	id string
	// grace is how long the problem must last without a break before it ends the wait, or before confirm is called.
	grace time.Duration
	// confirm returns why the problem will not go away, or nil if it may. lasted is for how long the problem has existed.
	// If confirm is nil, a problem that outlasts its grace ends the wait.
	confirm func(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error
}

// ignored is the grace of a problem that ends no wait.
const ignored = time.Duration(math.MaxInt64)

// confirmInterval is how long to wait before calling confirm again.
const confirmInterval = 2 * time.Second

// pendingError is the outcome "does not hold yet", with the problems found.
type pendingError struct {
	error
	problems []problem
}

func (p pendingError) Unwrap() error { return p.error }

func (p pendingError) Error() string { return p.describe(p.error, "").Error() }

// describe returns err, followed by at most three lines with further problems. It skips problems with the cause known,
// which err describes, and lists each cause once. Error.Detail has all of them.
func (p pendingError) describe(err error, known string) error {
	const maxLines = 3
	listed := map[string]bool{known: true}
	var lines []string
	for _, problem := range p.problems {
		if problem.text != "" && !listed[problem.cause] {
			listed[problem.cause] = true
			lines = append(lines, problem.text)
		}
	}
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines-1], fmt.Sprintf("and %d more problems", more+1))
	}
	if len(lines) == 0 {
		return err
	}
	return fmt.Errorf("%w\n    %s", err, strings.Join(lines, "\n    "))
}

// history records since when each problem has existed, by its id.
type history map[string]record

type record struct{ since, nextConfirm time.Time }

// confirm updates the history with the problems of the present evaluation. It returns the cause of the first problem
// that is certain not to go away, with an error that says why. If there is none, it returns after how long to evaluate
// again even if nothing changes.
func (h *history) confirm(
	ctx context.Context, client kubernetes.Interface, problems []problem,
) (cause string, again time.Duration, err error) {
	now := time.Now()
	updated := history{}
	again = ignored
	for _, p := range problems {
		if p.grace == ignored {
			continue
		}
		known, ok := (*h)[p.id]
		if !ok {
			known = record{since: now, nextConfirm: now.Add(p.grace)}
		}
		if !now.Before(known.nextConfirm) {
			if err := p.isCertain(ctx, client, now.Sub(known.since)); err != nil {
				return p.cause, 0, err
			}
			known.nextConfirm = time.Now().Add(confirmInterval)
		}
		updated[p.id] = known
		again = min(again, time.Until(known.nextConfirm))
	}
	*h = updated
	return "", again, nil
}

// isCertain returns why the problem will not go away, or nil if it may.
func (p problem) isCertain(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error {
	if p.confirm == nil {
		return errors.New(p.text)
	}
	return p.confirm(ctx, client, lasted)
}

// missingNamespace returns the problem of a workload that does not exist. The problem ends the wait if the namespace
// does not exist either.
func (o objects) missingNamespace() problem {
	return problem{
		id: "namespace", grace: time.Second,
		confirm: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
			namespace, err := client.CoreV1().Namespaces().Get(ctx, o.namespace, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				return fmt.Errorf("there is no namespace %s", o.namespace)
			case err == nil && namespace.DeletionTimestamp != nil:
				return fmt.Errorf("the namespace %s is being deleted", o.namespace)
			}
			return nil
		},
	}
}
