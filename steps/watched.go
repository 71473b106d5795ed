package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

func (s *scenario) watchSteps() []Step {
	return []Step{
		{
			Phrase: `WORKLOAD is watched[ in namespace "NAMESPACE"]`, Method: s.watch,
			Does: "Counts from now on how many pods of the workload are ready, until the scenario ends: see the next step.",
			Example: `
When I run helm install shop ./shop --wait
Given deployment/shop is watched
When I run helm upgrade with --set image.tag=1.27
Then deployment/shop got new pods
And at least 1 pod of deployment/shop was ready all along`,
		},
		{
			Phrase: `at least N pod[s] of WORKLOAD [was][were] ready all along[ in namespace "NAMESPACE"]`, Method: s.readyAllAlong,
			Does: "Holds when at no time since the workload is watched fewer of its pods were ready. A pod that is on its way out does not count.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2 --wait
Given deployment/shop is watched
When I try helm upgrade with --reuse-values --set image.repository=registry.invalid/shop --atomic
Then it fails with "UPGRADE FAILED"
And at least 2 pods of deployment/shop were ready all along`,
		},
	}
}

// recorder counts the ready pods of a workload while they change.
type recorder struct {
	cluster  kubernetes.Interface
	of       *workloadObject
	started  time.Time
	watcher  *watchtools.RetryWatcher
	finished chan struct{} // closed when nothing is recorded any more
	changed  chan struct{}

	mu     sync.Mutex
	pods   map[types.UID]*corev1.Pod
	seen   string        // the version of the newest event
	least  int           // ready pods at any time
	when   time.Duration // after the start
	broken error         // why nothing is seen any more
}

// watch starts a recorder, unless there is one.
func (s *scenario) watch(ctx context.Context, called, namespace string) error {
	of, err := s.workload(ctx, called, namespace)
	if err != nil {
		return err
	}
	if s.recorder(of) != nil {
		return nil
	}
	r := &recorder{cluster: s.suite.cluster, of: of, started: time.Now(), finished: make(chan struct{}), changed: make(chan struct{}, 1), pods: map[types.UID]*corev1.Pod{}}
	now, err := r.list(ctx)
	if err != nil {
		return err
	}
	for i := range now.Items {
		r.pods[now.Items[i].UID] = &now.Items[i]
	}
	r.seen, r.least = now.ResourceVersion, r.ready()
	changes := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.LabelSelector = of.selector
		return r.cluster.CoreV1().Pods(of.namespace).Watch(ctx, options)
	}}
	// It outlives the step, and is stopped at the scenario's end.
	if r.watcher, err = watchtools.NewRetryWatcherWithContext(s.suite.background.ctx, now.ResourceVersion, changes); err != nil {
		return err
	}
	s.suite.background.start(func(context.Context) { r.record() })
	s.recorders = append(s.recorders, r)
	return nil
}

func (s *scenario) recorder(of *workloadObject) *recorder {
	for _, r := range s.recorders {
		if r.of.called == of.called && r.of.namespace == of.namespace {
			return r
		}
	}
	return nil
}

// stopRecorders returns when none of them does anything any more.
func (s *scenario) stopRecorders() {
	for _, r := range s.recorders {
		r.watcher.Stop()
		<-r.finished
	}
}

func (r *recorder) list(ctx context.Context) (*corev1.PodList, error) {
	pods, err := r.cluster.CoreV1().Pods(r.of.namespace).List(ctx, metav1.ListOptions{LabelSelector: r.of.selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", r.of.called, err)
	}
	return pods, nil
}

// record takes note of every change until the watcher is stopped.
func (r *recorder) record() {
	defer close(r.finished)
	for event := range r.watcher.ResultChan() {
		r.note(event)
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

func (r *recorder) note(event watch.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pod, isPod := event.Object.(*corev1.Pod)
	switch {
	case event.Type == watch.Error:
		r.broken = apierrors.FromObject(event.Object)
	case !isPod || event.Type == watch.Bookmark:
		return
	case event.Type == watch.Deleted:
		delete(r.pods, pod.UID)
		r.seen = pod.ResourceVersion
	default:
		r.pods[pod.UID] = pod
		r.seen = pod.ResourceVersion
	}
	if ready := r.ready(); ready < r.least {
		r.least, r.when = ready, time.Since(r.started)
	}
}

// ready is how many pods are ready, and not on their way out.
func (r *recorder) ready() int {
	count := 0
	for _, pod := range r.pods {
		if pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}) {
			count++
		}
	}
	return count
}

func (s *scenario) readyAllAlong(ctx context.Context, wanted int, called, namespace string) error {
	of, err := s.workload(ctx, called, namespace)
	if err != nil {
		return err
	}
	r := s.recorder(of)
	if r == nil {
		return fmt.Errorf("%s is not watched: write `%s is watched` above this step, before what may change its pods", called, called)
	}
	ctx, cancel := context.WithTimeout(ctx, s.suite.options.Wait)
	defer cancel()
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.least >= wanted:
		return nil
	case r.when == 0:
		return fmt.Errorf("%d pods of %s were ready when it was first watched, not %d", r.least, called, wanted)
	}
	return fmt.Errorf("%d pods of %s were ready %s after it was first watched, not %d", r.least, called, r.when.Round(time.Millisecond), wanted)
}

// catchUp returns when the recorder has seen all that there is now.
func (r *recorder) catchUp(ctx context.Context) error {
	now, err := r.list(ctx)
	if err != nil {
		return err
	}
	for {
		if seen, err := r.hasSeen(now); seen || err != nil {
			return err
		}
		select {
		case <-r.changed:
		case <-ctx.Done():
			return fmt.Errorf("watch the pods of %s: %w", r.of.called, ctx.Err())
		}
	}
}

// hasSeen says whether what is recorded is as new as a list, or newer.
func (r *recorder) hasSeen(now *corev1.PodList) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return false, fmt.Errorf("the watch of the pods of %s broke off: %w", r.of.called, r.broken)
	}
	left := maps.Clone(r.pods)
	for _, pod := range now.Items {
		seen := r.seen // it was deleted since, if it is not held
		if held := r.pods[pod.UID]; held != nil {
			seen = held.ResourceVersion
		}
		if order, err := resourceversion.CompareResourceVersion(seen, pod.ResourceVersion); err != nil || order < 0 {
			return false, err
		}
		delete(left, pod.UID)
	}
	for _, gone := range left { // or new since
		if order, err := resourceversion.CompareResourceVersion(gone.ResourceVersion, now.ResourceVersion); err != nil || order <= 0 {
			return false, err
		}
	}
	return true, nil
}
