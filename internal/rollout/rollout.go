// Package rollout waits until a workload is as a condition wants it, or says why it is not.
//
// A condition looks at everything of a namespace that takes part in a rollout: a workload, what makes its pods, and the
// pods. It is asked again whenever one of them changes. It knows three answers: it holds, it does not hold yet (and what
// is seen instead), and it will never hold, which ends the wait at once.
//
// Between "not yet" and "never" stand troubles. They end a wait when it is certain that they will not pass, or when they have
// lasted. Only pods of the newest revision count, and only once the controller has seen the newest spec: what an older revision left
// behind ends no wait. The rules:
//
//   - An image cannot be pulled: at once when its name is invalid, or when the message says that it, its registry or the right to
//     pull it is not there (not found, no such host, denied, unauthorized, …); else after 30 seconds, in which a kubelet tries three times.
//   - A crash loop: as soon as the next restart would come after the end of the wait. A kubelet says how long it holds a container back since its last end: 10
//     seconds, then twice as long each time, up to 5 minutes, so that a container starts about 0, 10, 30, 70, 150 and 310 seconds after its first crash. A wait of
//     a minute thus ends after 30 seconds, one of 5 minutes after 150. A number of crashes says less: who waits for its database in this way crashes until
//     that is there, always with the same words. Not for pods of Jobs, whose backoffLimit decides.
//   - A container cannot be made (a ConfigMap or Secret, or a key of it, is missing; its command cannot be started): after 10 seconds.
//     A ConfigMap or Secret that a pod mounts does not exist: after 5 seconds.
//   - A pod cannot be scheduled: at once when no node could hold it even if nothing else ran there, by allocatable resources and
//     nodeSelector. All else may pass. Nodes that do not exist yet do not count: a cluster that adds larger ones on demand is not waited for.
//   - Pods are not made: the API server is asked, by a dry run, whether it takes such a pod now. The wait ends at once when a LimitRange, Pod
//     Security or an admission policy refuses it, or a quota whose limit is below the request of a single pod. It ends after other refusals (a
//     full quota, a missing ServiceAccount, a webhook) when they lasted 10 seconds, or 3 where the pods that are there are seen to fill the quota, and no pod of the
//     namespace is on its way out. The controller's own condition is not enough: it stays until the controller's next try, which can be minutes away.
//   - A Deployment exceeded its progress deadline: when that is so for 5 seconds, as the controller takes its word back only
//     with the next progress.
//   - A Job, or a pod without an owner, has failed: at once.
//   - The workload is not there, and its namespace is not either, or is being deleted: after 1 second.
//
// Ready is what steps wait for. HelmReady and HookSucceeded are what Helm waits for, with --wait and for hooks: on Helm's terms, and with these rules for giving up.
//
// What has to be asked for, such as a dry run or the nodes, is asked for only when there is such trouble, and again every 2 seconds while it lasts.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// Condition is what is waited for.
type Condition struct {
	// Want says it in words, as the end of "waited for …".
	Want string
	// Check returns nil when the condition holds in the namespace, an error made by Permanent when it cannot hold any more, and else an
	// error that says what is there instead.
	Check func(Namespace) error

	kind, name string // of the workload that it is about, if it is about one
}

// Permanent marks err as an answer that no waiting will change.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Await returns nil as soon as all conditions hold in namespace at the same time. Its error comes as soon as one of them can never hold, and is about that one;
// or after timeout, or when ctx ends, and is about all that do not hold then. It is an *Error, or several of them joined.
func Await(ctx context.Context, client kubernetes.Interface, namespace string, timeout time.Duration, conditions ...Condition) error {
	started := time.Now()
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	seen, changed, err := watch(waiting, client, namespace, conditions)
	if err != nil {
		var wants []string
		for _, condition := range conditions {
			wants = append(wants, condition.Want)
		}
		return &Error{Want: strings.Join(wants, ", "), Namespace: namespace, Waited: time.Since(started), Cause: err}
	}
	missed := untilMet(waiting, client, seen, changed, conditions)
	waited := time.Since(started)
	var failed []error
	for _, m := range missed {
		failed = append(failed, &Error{m.Want, namespace, waited, m.cause, detail(ctx, client, seen, m.Condition)})
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

// missed is a condition that does not hold.
type missed struct {
	Condition
	cause error // permanent, or what is seen instead
}

// untilMet returns the condition that will never hold, or those that do not hold when ctx ends; none when all hold.
func untilMet(ctx context.Context, client kubernetes.Interface, seen Namespace, changed <-chan struct{}, conditions []Condition) []missed {
	held := make([]memory, len(conditions))
	for {
		var open []missed
		again := mayPass
		for i, condition := range conditions {
			last := condition.Check(seen)
			if last == nil {
				held[i] = nil
				continue
			}
			if errors.As(last, new(permanent)) {
				return []missed{{condition, last}}
			}
			var notYet unfinished
			errors.As(last, &notYet)
			like, wait, proven := held[i].weigh(ctx, client, notYet.troubles)
			if proven != nil {
				return []missed{{condition, Permanent(notYet.because(proven, like))}}
			}
			open = append(open, missed{condition, last})
			again = min(again, wait)
		}
		if len(open) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(again):
		case <-ctx.Done():
			return open
		}
	}
}

// Error says why a wait failed.
type Error struct {
	Want      string        // what was waited for
	Namespace string        // where
	Waited    time.Duration // how long
	Cause     error         // what was seen last, or why it will not happen
	detail    string
}

// Error is a line with what was waited for and what keeps it from happening, and at most three more when there is more to say.
func (e *Error) Error() string {
	what := "; last seen"
	if errors.As(e.Cause, new(permanent)) {
		what = ": this will not happen"
	}
	return fmt.Sprintf("waited %s for %s in namespace %s%s: %v", e.Waited.Round(time.Millisecond), e.Want, e.Namespace, what, e.Cause)
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// Detail is what there was when the wait failed: the workload, what makes its pods, the pods and their containers, each below
// its owner and with its age; their last events, the newest last; and the last log lines of containers that failed, where
// containers run. It has many lines. It is "" when the condition is not about one workload, or the run was interrupted.
func (e *Error) Detail() string { return e.detail }
