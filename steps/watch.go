package steps

import (
	"context"
	"fmt"
	"maps"
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

	podsof "github.com/traderadmin/charts/internal/workload"
)

// watchSteps are the steps about the number of ready pods over time.
type watchSteps struct{ *recorders }

func (s watchSteps) rows() []Step {
	return []Step{
		{
			Phrase: `WORKLOAD is watched[ in namespace "NAMESPACE"]`, Method: s.watch,
			Does: "Counts the ready pods of the workload from now on, until the scenario ends, for the next step.",
			Example: `
When I run helm install shop ./shop --wait
Given deployment/shop is watched
When I run helm upgrade with --set image.tag=1.27
Then deployment/shop got new pods
And at least 1 pod of deployment/shop was ready all along`,
		},
		{
			Phrase: `at least N pod[s] of WORKLOAD [was][were] ready all along[ in namespace "NAMESPACE"]`,
			Method: s.readyAllAlong,
			Does: "Checks that at no time since the workload was first watched, fewer of its pods were ready. A pod that is " +
				"being deleted does not count.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2 --wait
Given deployment/shop is watched
When I try helm upgrade with --reuse-values --set image.repository=registry.invalid/shop --atomic
Then it fails with "UPGRADE FAILED"
And at least 2 pods of deployment/shop were ready all along`,
		},
	}
}

// recorders watch the workloads of a scenario.
type recorders struct {
	*view
	all []*recorder
}

// watch starts a recorder for a workload, unless there is one.
func (r *recorders) watch(ctx context.Context, named, namespace string) error {
	watched, err := r.workload(ctx, named, namespace)
	if err != nil || r.find(watched) != nil {
		return err
	}
	started, err := startRecorder(ctx, r.background, r.client, watched)
	if err != nil {
		return err
	}
	r.all = append(r.all, started)
	return nil
}

func (r *recorders) readyAllAlong(ctx context.Context, want int, named, namespace string) error {
	watched, err := r.workload(ctx, named, namespace)
	if err != nil {
		return err
	}
	found := r.find(watched)
	if found == nil {
		return fmt.Errorf("%s is not watched: add `%s is watched` before the steps that may change its pods", named, named)
	}
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	if err := found.catchUp(ctx); err != nil {
		return err
	}
	return found.checkLeast(want)
}

func (r *recorders) find(watched *workload) *recorder {
	for _, recorder := range r.all {
		if recorder.workload.named == watched.named && recorder.workload.namespace == watched.namespace {
			return recorder
		}
	}
	return nil
}

// stop ends all recorders and waits for them.
func (r *recorders) stop() {
	for _, recorder := range r.all {
		recorder.watcher.Stop()
		<-recorder.finished
	}
}

// recorder counts the ready pods of a workload while they change.
type recorder struct {
	client   kubernetes.Interface
	workload *workload
	started  time.Time
	watcher  *watchtools.RetryWatcher
	changed  chan struct{} // gets a value after an event
	finished chan struct{} // closed after the last event

	mu     sync.Mutex
	pods   map[types.UID]*corev1.Pod
	seen   string        // the resource version of the newest event
	least  int           // the smallest number of ready pods so far
	when   time.Duration // since the start, when there were so few
	broken error         // the error that ended the watch
}

// startRecorder starts a recorder, which runs until it is stopped or the suite closes.
func startRecorder(
	ctx context.Context, background *background, client kubernetes.Interface, watched *workload,
) (*recorder, error) {
	r := &recorder{
		client: client, workload: watched, started: time.Now(),
		changed: make(chan struct{}, 1), finished: make(chan struct{}), pods: map[types.UID]*corev1.Pod{},
	}
	now, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	for i := range now.Items {
		r.pods[now.Items[i].UID] = &now.Items[i]
	}
	r.seen, r.least = now.ResourceVersion, r.ready()
	changes := &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.LabelSelector = watched.selector
			return client.CoreV1().Pods(watched.namespace).Watch(ctx, options)
		},
	}
	if r.watcher, err = watchtools.NewRetryWatcherWithContext(background.ctx, now.ResourceVersion, changes); err != nil {
		return nil, err
	}
	background.start(func(context.Context) { r.run() })
	return r, nil
}

func (r *recorder) list(ctx context.Context) (*corev1.PodList, error) {
	selected := metav1.ListOptions{LabelSelector: r.workload.selector}
	pods, err := r.client.CoreV1().Pods(r.workload.namespace).List(ctx, selected)
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", r.workload.named, err)
	}
	return pods, nil
}

// run handles events until the watcher is stopped.
func (r *recorder) run() {
	defer close(r.finished)
	for event := range r.watcher.ResultChan() {
		r.handle(event)
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

func (r *recorder) handle(event watch.Event) {
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

func (r *recorder) ready() int {
	count := 0
	for _, pod := range r.pods {
		if podsof.Ready(pod) {
			count++
		}
	}
	return count
}

// checkLeast returns an error if fewer pods were ready at any time.
func (r *recorder) checkLeast(want int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.least >= want:
		return nil
	case r.when == 0:
		return fmt.Errorf("%d pods of %s were ready when it was first watched, not %d", r.least, r.workload.named, want)
	}
	return fmt.Errorf("only %d pods of %s were ready %s after it was first watched, not %d",
		r.least, r.workload.named, r.when.Round(time.Millisecond), want)
}

// catchUp waits until the recorder has handled everything that the API server has now.
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
			return fmt.Errorf("watch the pods of %s: %w", r.workload.named, ctx.Err())
		}
	}
}

// hasSeen reports whether the recorded pods are as new as a list, or newer.
func (r *recorder) hasSeen(now *corev1.PodList) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return false, fmt.Errorf("the watch of the pods of %s ended: %w", r.workload.named, r.broken)
	}
	unlisted := maps.Clone(r.pods)
	for _, pod := range now.Items {
		seen := r.seen // if it is not recorded, it was deleted since
		if recorded := r.pods[pod.UID]; recorded != nil {
			seen = recorded.ResourceVersion
		}
		if order, err := resourceversion.CompareResourceVersion(seen, pod.ResourceVersion); err != nil || order < 0 {
			return false, err
		}
		delete(unlisted, pod.UID)
	}
	for _, pod := range unlisted { // deleted before the list, unless they are newer than it
		order, err := resourceversion.CompareResourceVersion(pod.ResourceVersion, now.ResourceVersion)
		if err != nil || order <= 0 {
			return false, err
		}
	}
	return true, nil
}
