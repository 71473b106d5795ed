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

// awaitObject returns nil as soon as the object called name satisfies check, which is given nil when it is not there: see awaitObjects.
func (s *scenario) awaitObject(
	ctx context.Context, client dynamic.ResourceInterface, name string, check func(object *unstructured.Unstructured) (settled bool, wrong error),
) error {
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
	return s.awaitObjects(ctx, client, only, func(found []*unstructured.Unstructured) (bool, error) {
		if len(found) == 0 {
			return check(nil)
		}
		return check(found[0])
	})
}

// awaitObjects returns nil as soon as the objects that which selects satisfy check, for as long as the suite lets a step wait. The error of check says what
// is otherwise than it should be; settled says that no waiting will change that. It costs one request where no waiting is needed, and two where it is.
func (s *scenario) awaitObjects(
	ctx context.Context, client dynamic.ResourceInterface, which metav1.ListOptions, check func(objects []*unstructured.Unstructured) (settled bool, wrong error),
) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.suite.options.Wait)
	defer cancel()
	list, err := client.List(ctx, which)
	if err != nil {
		return err
	}
	found := map[types.UID]*unstructured.Unstructured{}
	for i := range list.Items {
		found[list.Items[i].GetUID()] = &list.Items[i]
	}
	settled, wrong := check(slices.Collect(maps.Values(found)))
	if wrong == nil || settled {
		return wrong
	}
	changes := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.FieldSelector, options.LabelSelector = which.FieldSelector, which.LabelSelector
		return client.Watch(ctx, options)
	}}
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
		settled, wrong = check(slices.Collect(maps.Values(found)))
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
