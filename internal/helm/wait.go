package helm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/traderadmin/charts/internal/rollout"
)

// Helm waits until its timeout, and then says that it was reached. Here its waits end as soon as they cannot succeed, and say why. That they
// succeed is decided on Helm's terms alone. As in Helm, they do not heed the command's context: an interrupted command that undoes what it did
// has to wait, too.

// crdTimeout is how long Helm waits for CRDs that it creates.
const crdTimeout = 60 * time.Second

// Wait is for --wait.
func (c *kubeClient) Wait(resources kube.ResourceList, timeout time.Duration) error {
	checker := kube.NewReadyChecker(c.cluster, c.Log, kube.PausedAsReady(true))
	return c.waitUntilReady(checker, resources, timeout, "Deployment", "StatefulSet", "DaemonSet", "Pod")
}

// WaitWithJobs is for --wait --wait-for-jobs.
func (c *kubeClient) WaitWithJobs(resources kube.ResourceList, timeout time.Duration) error {
	checker := kube.NewReadyChecker(c.cluster, c.Log, kube.PausedAsReady(true), kube.CheckJobs(true))
	return c.waitUntilReady(checker, resources, timeout, "Deployment", "StatefulSet", "DaemonSet", "Pod", "Job")
}

// WatchUntilReady is for hooks: it waits until a Job is complete and a pod has succeeded, or is gone. It waits for nothing else.
func (c *kubeClient) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	return c.noted(c.await(context.Background(), timeout, conditions(resources, rollout.HookSucceeded, "Job", "Pod")))
}

// waitUntilReady asks checker, which is Helm's, until it takes all resources for ready. Meanwhile it watches those of the kinds: when one
// of them cannot become ready any more, checker is asked a last time.
func (c *kubeClient) waitUntilReady(checker kube.ReadyChecker, resources kube.ResourceList, timeout time.Duration, kinds ...string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	asking, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	watched := make(chan error)
	go func() {
		err := c.await(ctx, timeout, conditions(resources, rollout.HelmReady, kinds...))
		if err != nil {
			stop()
		}
		watched <- err
	}()
	err := untilReady(asking, checker, resources)
	if decided := asking.Err() == nil; decided {
		cancel()
		<-watched // it was told to end
		return c.noted(err)
	}
	if seen := <-watched; seen != nil {
		err = seen
	}
	if ready(ctx, checker, resources) == nil {
		return nil
	}
	return c.noted(err)
}

// noted takes note of a wait's error, the first of the command, and returns it.
func (c *kubeClient) noted(err error) error {
	if err != nil {
		c.run.wait.CompareAndSwap(nil, &err)
	}
	return err
}

// conditions returns what condition says of the resources of these kinds, by namespace.
func conditions(resources kube.ResourceList, condition func(kind, name string) rollout.Condition, kinds ...string) map[string][]rollout.Condition {
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

// await waits for the conditions of each namespace, until the first wait fails.
func (c *kubeClient) await(ctx context.Context, timeout time.Duration, conditions map[string][]rollout.Condition) error {
	waits, ctx := errgroup.WithContext(ctx)
	for namespace, its := range conditions {
		waits.Go(func() error { return rollout.Await(ctx, c.cluster, namespace, timeout, its...) })
	}
	return waits.Wait()
}

// untilReady asks checker again and again, and returns nil when it takes all resources for ready, or else, when ctx ends, what it said last. Helm
// asks every 2 seconds; here the pace slows down to that, so that what is quick costs no 2 seconds.
func untilReady(ctx context.Context, checker kube.ReadyChecker, resources kube.ResourceList) error {
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
		return fmt.Errorf("waited in vain: %w", last)
	}
	return err
}

// ready returns nil when checker takes all resources for ready, or else names one that it does not.
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

// isFinal says whether err is the API server's answer that asking again will not change, by the rule that Helm has.
func isFinal(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusTooManyRequests || code == http.StatusNotImplemented
}
