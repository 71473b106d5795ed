package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/steps/internal/ownership"
)

// outside are the objects outside of namespaces that the scenarios of a run send, with who sent them. The last of those who goes takes an object away, if
// the run made it: Helm makes a CRD that is there already no second time, so that several scenarios may use the one that the first made.
type outside struct {
	mu    sync.Mutex // held while objects are taken away, so that nobody takes one for there that is about to go
	users map[thing]map[*scenario]bool
}

type thing struct {
	kind schema.GroupVersionKind
	name string
}

// prepare marks objects outside of namespaces as this run's, has the suite prepare all that is about to be sent, and waits until the nodes have room for its pods. What is in
// a namespace is sent as it was rendered: it goes with its namespace.
func (s *scenario) prepare(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if object.GetNamespace() != "" {
			continue
		}
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[ownership.Label] = s.suite.run
		object.SetLabels(labels)
		if object.GetKind() == "Namespace" && slices.Contains(s.namespaces.all(), object.GetName()) {
			continue // it stands for one that the scenario names
		}
		s.suite.outside.note(s, thing{object.GroupVersionKind(), object.GetName()})
	}
	if err := s.suite.prepare(ctx, objects); err != nil {
		return err
	}
	return s.reserve(ctx, objects)
}

func (o *outside) note(user *scenario, used thing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users == nil {
		o.users = map[thing]map[*scenario]bool{}
	}
	if o.users[used] == nil {
		o.users[used] = map[*scenario]bool{}
	}
	o.users[used][user] = true
}

// takeAwayOutside deletes what the scenario sent outside of namespaces, this run made, and no other scenario uses.
func (s *scenario) takeAwayOutside(ctx context.Context) error {
	o := &s.suite.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	var failed []error
	for used, users := range o.users {
		if !users[s] {
			continue
		}
		if delete(users, s); len(users) > 0 {
			continue
		}
		delete(o.users, used)
		if err := s.takeAwayThing(ctx, used); err != nil {
			failed = append(failed, fmt.Errorf("delete %s/%s, which this scenario made outside of namespaces: %w", used.kind.Kind, used.name, err))
		}
	}
	return errors.Join(failed...)
}

func (s *scenario) takeAwayThing(ctx context.Context, used thing) error {
	mapping, err := s.suite.mapper.RESTMapping(used.kind.GroupKind(), used.kind.Version)
	if meta.IsNoMatchError(err) {
		return nil // it went with the CRD of its kind
	}
	if err != nil {
		return err
	}
	client := s.suite.objects.Resource(mapping.Resource)
	found, err := client.Get(ctx, used.name, metav1.GetOptions{})
	if err != nil || found.GetLabels()[ownership.Label] != s.suite.run {
		return ignoreGone(err)
	}
	uid := found.GetUID()
	err = client.Delete(ctx, used.name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil {
		return ignoreGone(err)
	}
	return s.awaitObject(ctx, client, used.name, func(object *unstructured.Unstructured) (bool, error) {
		if object == nil || object.GetUID() != uid {
			return true, nil
		}
		return false, fmt.Errorf("it is still there, with the finalizers %q", object.GetFinalizers())
	})
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
