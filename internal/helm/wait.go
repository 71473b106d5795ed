package helm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/traderadmin/charts/internal/rollout"
)

// Helm waits until its timeout, and reports only that it has passed. The waits in this file also end as soon as they
// cannot succeed, and report why. Helm's rules alone decide whether they succeed. As in Helm, they do not end with the
// command's context: an interrupted command that rolls back its changes still has to wait.

// crdTimeout is how long Helm waits for CRDs that it creates.
const crdTimeout = 60 * time.Second

// Wait implements --wait.
func (c *kubeClient) Wait(resources kube.ResourceList, timeout time.Duration) error {
	checker := kube.NewReadyChecker(c.cluster, c.Log, kube.PausedAsReady(true))
	return c.waitUntilReady(checker, resources, timeout, "Deployment", "StatefulSet", "DaemonSet", "Pod")
}

// WaitWithJobs implements --wait --wait-for-jobs.
func (c *kubeClient) WaitWithJobs(resources kube.ResourceList, timeout time.Duration) error {
	checker := kube.NewReadyChecker(c.cluster, c.Log, kube.PausedAsReady(true), kube.CheckJobs(true))
	return c.waitUntilReady(checker, resources, timeout, "Deployment", "StatefulSet", "DaemonSet", "Pod", "Job")
}

// WatchUntilReady waits for hooks: until a Job is complete, and a pod has succeeded or is gone. It does not wait for
// other kinds.
func (c *kubeClient) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	conditions := conditionsByNamespace(resources, rollout.HookSucceeded, "Job", "Pod")
	return c.keepError(c.await(context.Background(), timeout, conditions))
}

// waitUntilReady polls Helm's checker until all resources are ready. At the same time it watches the resources of the
// given kinds. When one of these can no longer become ready, it calls the checker a last time.
func (c *kubeClient) waitUntilReady(
	checker kube.ReadyChecker, resources kube.ResourceList, timeout time.Duration, kinds ...string,
) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	polling, stopPolling := context.WithTimeout(ctx, timeout)
	defer stopPolling()
	var failure error
	var watch sync.WaitGroup
	watch.Go(func() {
		failure = c.await(ctx, timeout, conditionsByNamespace(resources, rollout.HelmReady, kinds...))
		if failure != nil {
			stopPolling()
		}
	})
	err := pollUntilReady(polling, checker, resources)
	if decided := polling.Err() == nil; decided {
		cancel()
		watch.Wait()
		return c.keepError(err)
	}
	watch.Wait()
	if failure != nil {
		err = failure
	}
	if ready(ctx, checker, resources) == nil {
		return nil
	}
	return c.keepError(err)
}

// keepError returns the error of a wait, and stores the first one of the command, because Helm passes on only the
// message.
func (c *kubeClient) keepError(err error) error {
	if err != nil {
		c.execution.waitError.CompareAndSwap(nil, &err)
	}
	return err
}

// conditionsByNamespace returns a condition for each resource of the given kinds.
func conditionsByNamespace(
	resources kube.ResourceList, condition func(kind, name string) rollout.Condition, kinds ...string,
) map[string][]rollout.Condition {
	all := map[string][]rollout.Condition{}
	for _, resource := range resources {
		kind := resource.Mapping.GroupVersionKind
		switch kind.Group {
		case "", "apps", "batch":
			if slices.Contains(kinds, kind.Kind) {
				all[resource.Namespace] = append(all[resource.Namespace], condition(strings.ToLower(kind.Kind), resource.Name))
			}
		}
	}
	return all
}

// await waits until all conditions hold, or one can no longer hold.
func (c *kubeClient) await(
	ctx context.Context, timeout time.Duration, conditions map[string][]rollout.Condition,
) error {
	waits, ctx := errgroup.WithContext(ctx)
	for namespace, conditions := range conditions {
		waits.Go(func() error { return rollout.Await(ctx, c.cluster, namespace, timeout, conditions...) })
	}
	return waits.Wait()
}

// pollUntilReady polls checker until all resources are ready. When ctx ends, it returns the last answer. The interval
// starts short, so that quick changes are seen at once, and grows to Helm's interval of 2 seconds.
func pollUntilReady(ctx context.Context, checker kube.ReadyChecker, resources kube.ResourceList) error {
	pace := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 1.5, Steps: 10, Cap: 2 * time.Second}
	var last error
	err := pace.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		last = ready(ctx, checker, resources)
		if isFinal(last) {
			return false, last
		}
		return last == nil, nil
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("timed out waiting: %w", last)
	}
	return err
}

// ready returns an error that names the first resource that is not ready.
func ready(ctx context.Context, checker kube.ReadyChecker, resources kube.ResourceList) error {
	for _, resource := range resources {
		ready, err := checker.IsReady(ctx, resource)
		name := fmt.Sprintf("%s/%s", strings.ToLower(resource.Mapping.GroupVersionKind.Kind), resource.Name)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case !ready:
			return fmt.Errorf("%s is not ready", name)
		}
	}
	return nil
}

// isFinal reports whether err is an answer of the API server that a retry would not change. The rule is Helm's.
func isFinal(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusTooManyRequests || code == http.StatusNotImplemented
}
