package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// check looks at an object as it is now; nil is one that is not there. Its error says what is otherwise than it should be; settled says that no
// waiting will change that.
type check func(object *unstructured.Unstructured) (settled bool, wrong error)

// awaitObject returns nil as soon as the object called name satisfies check, for as long as the suite lets a step wait. It costs one request where no
// waiting is needed, and two where it is.
func (s *scenario) awaitObject(ctx context.Context, client dynamic.ResourceInterface, name string, check check) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.world.options.Wait)
	defer cancel()
	only := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	found, err := client.List(ctx, metav1.ListOptions{FieldSelector: only})
	if err != nil {
		return err
	}
	var object *unstructured.Unstructured
	if len(found.Items) == 1 {
		object = &found.Items[0]
	}
	settled, wrong := check(object)
	if wrong == nil || settled {
		return wrong
	}
	changes := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.FieldSelector = only
		return client.Watch(ctx, options)
	}}
	_, err = watchtools.Until(ctx, found.GetResourceVersion(), changes, func(event watch.Event) (bool, error) {
		switch event.Type {
		case watch.Bookmark:
			return false, nil
		case watch.Error:
			return false, apierrors.FromObject(event.Object)
		case watch.Deleted:
			settled, wrong = check(nil)
		default:
			settled, wrong = check(event.Object.(*unstructured.Unstructured))
		}
		return wrong == nil || settled, nil
	})
	switch {
	case wrong == nil || settled:
		return wrong
	case err != nil && ctx.Err() == nil:
		return errors.Join(wrong, fmt.Errorf("watch it: %w", err))
	}
	return fmt.Errorf("waited %s; last seen: %w", time.Since(started).Round(time.Millisecond), wrong)
}
