package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// sharedObjects are the cluster-scoped objects that scenarios send, with the scenarios that use them. Helm does not
// create a CRD that exists, so several scenarios may use the one that the first of them created. The last one deletes
// it.
type sharedObjects struct {
	mu    sync.Mutex // held during deletion, so that no scenario counts on an object that is about to go
	users map[sharedObject]map[*sender]bool
}

type sharedObject struct {
	kind schema.GroupVersionKind
	name string
}

func (s *sharedObjects) add(user *sender, object sharedObject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == nil {
		s.users = map[sharedObject]map[*sender]bool{}
	}
	if s.users[object] == nil {
		s.users[object] = map[*sender]bool{}
	}
	s.users[object][user] = true
}

// sentVolumes reports whether the scenario sent a PersistentVolume.
func (s *sender) sentVolumes() bool {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	for object, users := range s.shared.users {
		if users[s] && object.kind.GroupKind() == corev1.SchemeGroupVersion.WithKind("PersistentVolume").GroupKind() {
			return true
		}
	}
	return false
}

// deleteShared deletes the cluster-scoped objects that the scenario sent, this run created and no other scenario uses.
func (s *sender) deleteShared(ctx context.Context) error {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	var failed []error
	for object, users := range s.shared.users {
		if !users[s] {
			continue
		}
		if delete(users, s); len(users) > 0 {
			continue
		}
		delete(s.shared.users, object)
		if err := s.deleteClusterScoped(ctx, object); err != nil {
			failed = append(failed, fmt.Errorf("delete %s/%s of this scenario: %w", object.kind.Kind, object.name, err))
		}
	}
	return errors.Join(failed...)
}

func (s *sender) deleteClusterScoped(ctx context.Context, object sharedObject) error {
	mapping, err := s.resources.mapper.RESTMapping(object.kind.GroupKind(), object.kind.Version)
	if meta.IsNoMatchError(err) {
		return nil // it was deleted with the CRD of its kind
	}
	if err != nil {
		return err
	}
	client := s.resources.dynamic.Resource(mapping.Resource)
	found, err := client.Get(ctx, object.name, metav1.GetOptions{})
	if err != nil || found.GetLabels()[RunLabel] != s.run {
		return ignoreNotFound(err)
	}
	uid := found.GetUID()
	deleted := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	if err := client.Delete(ctx, object.name, deleted); err != nil {
		return ignoreNotFound(err)
	}
	return s.awaitGone(ctx, client, found)
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
