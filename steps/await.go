package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// waiter waits for the cluster, no longer than the suite lets a step wait.
type waiter struct{ limit time.Duration }

// mismatch is the difference between objects and the awaited state, or nil. If it is final, waiting will not change it.
type mismatch struct {
	error
	final bool
}

var met mismatch

// pending is a mismatch that may go away.
func pending(err error) mismatch { return mismatch{error: err} }

// permanent is a mismatch that waiting will not change.
func permanent(err error) mismatch { return mismatch{error: err, final: true} }

func (m mismatch) over() bool { return m.error == nil || m.final }

// object waits until the object of a name satisfies check, which gets nil while it does not exist. See objects.
func (w waiter) object(
	ctx context.Context, client dynamic.ResourceInterface, name string, check func(*unstructured.Unstructured) mismatch,
) error {
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
	return w.objects(ctx, client, only, func(found []*unstructured.Unstructured) mismatch {
		if len(found) == 0 {
			return check(nil)
		}
		return check(found[0])
	})
}

// objects waits until the selected objects satisfy check. It returns the last mismatch with the time that it waited, or
// a final mismatch at once. It costs one request if no waiting is needed, and two otherwise.
func (w waiter) objects(
	ctx context.Context, client dynamic.ResourceInterface, selected metav1.ListOptions,
	check func([]*unstructured.Unstructured) mismatch,
) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	list, err := client.List(ctx, selected)
	if err != nil {
		return err
	}
	found := map[types.UID]*unstructured.Unstructured{}
	for i := range list.Items {
		found[list.Items[i].GetUID()] = &list.Items[i]
	}
	last := check(slices.Collect(maps.Values(found)))
	if last.over() {
		return last.error
	}
	changes := &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector, options.LabelSelector = selected.FieldSelector, selected.LabelSelector
			return client.Watch(ctx, options)
		},
	}
	_, err = watchtools.Until(ctx, list.GetResourceVersion(), changes, func(event watch.Event) (bool, error) {
		if event.Type == watch.Error {
			return false, apierrors.FromObject(event.Object)
		}
		object := event.Object.(*unstructured.Unstructured)
		switch event.Type {
		case watch.Bookmark:
			return false, nil
		case watch.Deleted:
			delete(found, object.GetUID())
		default:
			found[object.GetUID()] = object
		}
		last = check(slices.Collect(maps.Values(found)))
		return last.over(), nil
	})
	switch {
	case last.over():
		return last.error
	case err != nil && ctx.Err() == nil:
		return errors.Join(last.error, fmt.Errorf("watch it: %w", err))
	}
	return waited(started, last.error)
}

// pollInterval is the pause between two attempts of until.
const pollInterval = 200 * time.Millisecond

// until calls do until it succeeds or returns a permanent error. It is for conditions that cannot be
// watched, such as whether a request gets through.
func (w waiter) until(ctx context.Context, do func(context.Context) error) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var last error
	for {
		err := do(ctx)
		switch {
		case err == nil || ctx.Err() == nil && errors.As(err, new(permanentError)):
			return err
		case ctx.Err() == nil || last == nil: // otherwise err is only the end of ctx
			last = err
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return waited(started, last)
		}
	}
}

// waited returns the error of a wait that began at started and reached its limit with this last error.
func waited(started time.Time, last error) error {
	return &timeoutError{waited: time.Since(started), last: last}
}

// timeoutError is the error of a wait that reached its limit.
type timeoutError struct {
	waited time.Duration
	goal   string // such as "the shop to sell tea"; may be ""
	last   error
}

func (t *timeoutError) Error() string {
	goal := ""
	if t.goal != "" {
		goal = " for " + t.goal
	}
	return fmt.Sprintf("waited %s%s; last seen: %v", t.waited.Round(time.Millisecond), goal, t.last)
}

func (t *timeoutError) Unwrap() error { return t.last }

// permanentError is an error that trying again will not change.
type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }
