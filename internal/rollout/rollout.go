// Package rollout waits until a workload reaches a condition, or reports why it will not.
//
// A [Condition] looks at everything in a namespace that takes part in the rollout of a workload: the workload, the
// ReplicaSets that create its pods, and the pods. It is evaluated again whenever one of them changes. It has three
// outcomes: it holds; it does not hold yet, with what is missing; or it can never hold, which ends the wait at once.
//
// # Problems that end a wait
//
// A condition that does not hold yet also reports problems, such as a pod that cannot be scheduled. A problem ends the
// wait once it is certain that it will not go away, or once it has lasted for some time. Only pods of the newest
// revision count, and only after the controller has observed the newest spec: what an older revision left behind ends
// no wait.
//
//   - Image pull: at once if the image name is invalid, or if the message says that the image, its registry or the
//     permission to pull it is missing (not found, no such host, denied, unauthorized, …). Otherwise after 30
//     seconds, in which a kubelet tries three times.
//   - Crash loop: as soon as the next start of the container would come after the end of the wait. A kubelet reports
//     its back-off: 10 seconds, doubling up to 5 minutes, so that a container starts about 0, 10, 30, 70, 150 and 310
//     seconds after its first crash. A wait of 1 minute thus ends after 30 seconds, a wait of 5 minutes after 150
//     seconds. The number of crashes is less reliable: a program that waits for its database by crashing does so until
//     the database is up. Pods of Jobs are exempt, because their backoffLimit decides.
//   - Container creation (a missing ConfigMap, Secret or key, a command that cannot be started): after 10 seconds.
//   - Mounts (a ConfigMap or Secret that a pod mounts does not exist, or lacks a key): after 5 seconds.
//   - Scheduling: at once if no node could hold the pod even if it were empty, by its allocatable resources and labels.
//     Any other reason may go away. Nodes that an autoscaler would add are not considered.
//   - Pod creation: a dry run asks the API server whether it accepts such a pod now. The wait ends at once if a
//     LimitRange, Pod Security or an admission policy rejects the pod, or a quota whose limit is below the request of a
//     single pod. It ends after any other rejection (a full quota, a missing ServiceAccount, a webhook) that has lasted
//     10 seconds, or 3 seconds if the existing pods visibly fill the quota, provided that no pod of the namespace is
//     being deleted. The controller's own condition is not enough, because it stays until the controller's next try,
//     which can be minutes away.
//   - Progress deadline of a Deployment: 5 seconds after it was exceeded, because the controller withdraws the
//     condition only at the next progress.
//   - Failure of a Job, or of a pod without an owner: at once.
//   - End of a pod (one that should succeed runs on a simulated node, where no container ends by itself): after 1
//     second.
//   - Claims (a pod mounts a PersistentVolumeClaim that does not exist, or whose StorageClass does not exist while no
//     unbound volume has that class): after 5 seconds.
//   - The workload does not exist: after 3 seconds, unless the condition says that it may appear; after 1 second if its
//     namespace does not exist either or is being deleted.
//
// Whatever needs extra requests, such as a dry run or a list of the nodes, is requested only while there is such a
// problem, and then every 2 seconds.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// Await returns nil as soon as all conditions hold in namespace at the same time. If one of them can never hold, it
// returns at once with the error of that one. After timeout, or when ctx ends, it returns the errors of all conditions
// that do not hold. Each error is an *Error; several are joined. When Await returns, it watches nothing any more.
func Await(
	ctx context.Context, client kubernetes.Interface, namespace string, timeout time.Duration, conditions ...Condition,
) error {
	started := time.Now()
	waiting, cancel := context.WithTimeout(ctx, timeout)
	watched := newWatch(client, namespace, conditions)
	defer watched.join()
	defer cancel()
	if err := watched.start(waiting); err != nil {
		var goals []string
		for _, condition := range conditions {
			goals = append(goals, condition.String())
		}
		return &Error{goal: strings.Join(goals, ", "), namespace: namespace, Waited: time.Since(started), Cause: err}
	}
	unmet := watched.untilMet(waiting, conditions)
	waited := time.Since(started)
	var failed []error
	for _, u := range unmet {
		failed = append(failed, &Error{
			goal: u.String(), namespace: namespace, Waited: waited, Cause: u.cause,
			detail: detail(ctx, client, watched.objects, u.Condition),
		})
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

// unmet is a condition that does not hold.
type unmet struct {
	Condition
	cause error // permanent, or what is missing so far
}

// untilMet waits until all conditions hold and returns nil. If one can never hold, it returns that one. When ctx ends,
// it returns all that do not hold.
func (w *watch) untilMet(ctx context.Context, conditions []Condition) []unmet {
	histories := make([]history, len(conditions))
	for {
		var open []unmet
		again := ignored
		for i, condition := range conditions {
			cause := condition.evaluate(w.objects)
			if isPermanent(cause) {
				return []unmet{{condition, cause}}
			}
			if cause == nil {
				histories[i] = nil
				continue
			}
			var pending pendingError
			errors.As(cause, &pending)
			confirmed, wait, err := histories[i].confirm(ctx, w.client, pending.problems)
			if err != nil {
				return []unmet{{condition, Permanent(pending.describe(err, confirmed))}}
			}
			open = append(open, unmet{condition, cause})
			again = min(again, wait)
		}
		if len(open) == 0 {
			return nil
		}
		select {
		case <-w.changed:
		case <-time.After(again):
		case <-ctx.Done():
			return open
		}
	}
}

// Error reports why a wait failed.
type Error struct {
	goal      string // such as "deployment/app to be rolled out"
	namespace string

	Waited time.Duration // how long the wait lasted
	Cause  error         // what was missing last, or why the condition can never hold

	detail string
}

// Error returns one line with the goal and the cause, and at most three more with further problems.
func (e *Error) Error() string {
	outcome := "last seen"
	if isPermanent(e.Cause) {
		outcome = "gave up"
	}
	return fmt.Sprintf("waited %s for %s in namespace %s; %s: %v",
		e.Waited.Round(time.Millisecond), e.goal, e.namespace, outcome, e.Cause)
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// Detail returns many lines about the moment when the wait failed: the workload, its ReplicaSets, its pods and their
// containers, each below its owner and with its age; their last events, newest last; and the last log lines of the
// containers that failed, if containers run. It is "" if the run was interrupted, or if the API server did not answer.
func (e *Error) Detail() string { return e.detail }
