package rollout

import (
	"context"
	"fmt"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Namespace is what takes part in rollouts in one namespace, as last seen: Pods, and what else a Condition's kind of workload
// needs. A Condition from outside of this package sees Deployments, ReplicaSets and Pods.
type Namespace struct {
	Name         string
	Deployments  appslisters.DeploymentNamespaceLister
	ReplicaSets  appslisters.ReplicaSetNamespaceLister
	StatefulSets appslisters.StatefulSetNamespaceLister
	DaemonSets   appslisters.DaemonSetNamespaceLister
	Jobs         batchlisters.JobNamespaceLister
	Pods         corelisters.PodNamespaceLister
}

// notFromCache has the API server list what is there now. Version 0 would let it answer from before the change whose outcome is waited for.
func notFromCache(options *metav1.ListOptions) {
	if options.ResourceVersion == "0" {
		options.ResourceVersion = ""
	}
}

// watch returns the namespace as it is, kept up to date until ctx ends, and a channel that tells of changes. Of what could be watched, it holds
// what the conditions' kinds of workloads need.
func watch(ctx context.Context, client kubernetes.Interface, name string, conditions []Condition) (Namespace, <-chan struct{}, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithNamespace(name), informers.WithTweakListOptions(notFromCache))
	apps, core, batch := factory.Apps().V1(), factory.Core().V1(), factory.Batch().V1()
	n := Namespace{Name: name, Pods: core.Pods().Lister().Pods(name)}
	watched := map[cache.SharedIndexInformer]bool{core.Pods().Informer(): true}
	for _, condition := range conditions {
		switch condition.kind {
		case "", deploymentKind:
			n.Deployments = apps.Deployments().Lister().Deployments(name)
			n.ReplicaSets = apps.ReplicaSets().Lister().ReplicaSets(name)
			watched[apps.Deployments().Informer()], watched[apps.ReplicaSets().Informer()] = true, true
		case statefulSetKind:
			n.StatefulSets = apps.StatefulSets().Lister().StatefulSets(name)
			watched[apps.StatefulSets().Informer()] = true
		case daemonSetKind:
			n.DaemonSets = apps.DaemonSets().Lister().DaemonSets(name)
			watched[apps.DaemonSets().Informer()] = true
		case jobKind:
			n.Jobs = batch.Jobs().Lister().Jobs(name)
			watched[batch.Jobs().Informer()] = true
		}
	}
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
	var refused atomic.Pointer[error] // the last one: informers try again until ctx ends
	note := func(_ context.Context, _ *cache.Reflector, err error) { refused.Store(&err) }
	for informer := range watched {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return n, nil, err
		}
		if err := informer.SetWatchErrorHandlerWithContext(note); err != nil {
			return n, nil, err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			if why := refused.Load(); why != nil {
				return n, nil, *why
			}
			return n, nil, fmt.Errorf("list %s: no answer from the API server", kind)
		}
	}
	return n, changed, nil
}
