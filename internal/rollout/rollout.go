// Package rollout waits until a workload is as a condition wants it, or says why it is not.
//
// A condition looks at everything of a namespace that takes part in a rollout: Deployments, their ReplicaSets, and
// Pods. It is asked again whenever one of them changes; nothing is polled. It knows three answers: it holds, it does
// not hold yet (and what is seen instead), and it will never hold, which ends the wait at once.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Condition is what is waited for.
type Condition struct {
	// Want says it in words, as the end of "waited for …".
	Want string
	// Check returns nil when the condition holds in the namespace, an error made by Never when it cannot hold any more, and else an
	// error that says what is there instead.
	Check func(Namespace) error
}

// Never marks err as an answer that no waiting will change.
func Never(err error) error { return never{err} }

type never struct{ error }

func (n never) Unwrap() error { return n.error }

// Namespace is what takes part in rollouts in one namespace, as last seen.
type Namespace struct {
	Name        string
	Deployments appslisters.DeploymentNamespaceLister
	ReplicaSets appslisters.ReplicaSetNamespaceLister
	Pods        corelisters.PodNamespaceLister
}

// Await returns nil as soon as condition holds in namespace. Its error says what was waited for, how long, and what was
// seen last; it comes after timeout, when ctx ends, or at once when the condition can never hold.
func Await(ctx context.Context, client kubernetes.Interface, namespace string, timeout time.Duration, condition Condition) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	seen, changed, err := watch(ctx, client, namespace)
	if err != nil {
		return fmt.Errorf("waiting for %s in namespace %s: %w", condition.Want, namespace, err)
	}
	for {
		last := condition.Check(seen)
		if last == nil {
			return nil
		}
		if errors.As(last, new(never)) {
			return fmt.Errorf("%s in namespace %s: this will not happen: %w", condition.Want, namespace, last)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s in namespace %s; last seen: %w",
				time.Since(started).Round(time.Millisecond), condition.Want, namespace, last)
		}
	}
}

// notFromCache has the API server list what is there now. Version 0 would let it answer from before the change whose outcome is waited for.
func notFromCache(options *metav1.ListOptions) {
	if options.ResourceVersion == "0" {
		options.ResourceVersion = ""
	}
}

// watch returns the namespace as it is, kept up to date until ctx ends, and a channel that tells of changes.
func watch(ctx context.Context, client kubernetes.Interface, name string) (Namespace, <-chan struct{}, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithNamespace(name), informers.WithTweakListOptions(notFromCache))
	changed := make(chan struct{}, 1) // one is enough: who reads it looks at everything anew
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { tell() },
		UpdateFunc: func(any, any) { tell() },
		DeleteFunc: func(any) { tell() },
	}
	apps, core := factory.Apps().V1(), factory.Core().V1()
	for _, informer := range []cache.SharedIndexInformer{
		apps.Deployments().Informer(), apps.ReplicaSets().Informer(), core.Pods().Informer(),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return Namespace{}, nil, err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return Namespace{}, nil, fmt.Errorf("list %s: no answer from the API server", kind)
		}
	}
	return Namespace{
		Name:        name,
		Deployments: apps.Deployments().Lister().Deployments(name),
		ReplicaSets: apps.ReplicaSets().Lister().ReplicaSets(name),
		Pods:        core.Pods().Lister().Pods(name),
	}, changed, nil
}
