package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// objects caches the objects of one namespace that take part in rollouts: the pods, and what the kinds of the
// conditions need. Other listers are nil.
type objects struct {
	namespace    string
	deployments  appslisters.DeploymentNamespaceLister
	replicaSets  appslisters.ReplicaSetNamespaceLister
	statefulSets appslisters.StatefulSetNamespaceLister
	daemonSets   appslisters.DaemonSetNamespaceLister
	jobs         batchlisters.JobNamespaceLister
	pods         corelisters.PodNamespaceLister
}

// watch keeps objects up to date.
type watch struct {
	objects
	client    kubernetes.Interface
	factory   informers.SharedInformerFactory
	informers map[cache.SharedIndexInformer]bool
	changed   chan struct{} // receives a value after changes; one is enough, because the receiver evaluates everything
}

// newWatch returns a watch of the objects in namespace that the conditions need. It is not started.
func newWatch(client kubernetes.Interface, namespace string, conditions []Condition) *watch {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithNamespace(namespace), informers.WithTweakListOptions(bypassCache))
	apps, core, batch := factory.Apps().V1(), factory.Core().V1(), factory.Batch().V1()
	w := &watch{
		objects:   objects{namespace: namespace, pods: core.Pods().Lister().Pods(namespace)},
		client:    client,
		factory:   factory,
		informers: map[cache.SharedIndexInformer]bool{core.Pods().Informer(): true},
		changed:   make(chan struct{}, 1),
	}
	for _, condition := range conditions {
		switch condition.kind {
		case deploymentKind:
			w.deployments = apps.Deployments().Lister().Deployments(namespace)
			w.replicaSets = apps.ReplicaSets().Lister().ReplicaSets(namespace)
			w.informers[apps.Deployments().Informer()] = true
			w.informers[apps.ReplicaSets().Informer()] = true
		case statefulSetKind:
			w.statefulSets = apps.StatefulSets().Lister().StatefulSets(namespace)
			w.informers[apps.StatefulSets().Informer()] = true
		case daemonSetKind:
			w.daemonSets = apps.DaemonSets().Lister().DaemonSets(namespace)
			w.informers[apps.DaemonSets().Informer()] = true
		case jobKind:
			w.jobs = batch.Jobs().Lister().Jobs(namespace)
			w.informers[batch.Jobs().Informer()] = true
		}
	}
	return w
}

// bypassCache makes the API server list the current objects. Resource version 0 would allow it to answer from a cache
// that is older than the change whose outcome is awaited.
func bypassCache(options *metav1.ListOptions) {
	if options.ResourceVersion == "0" {
		options.ResourceVersion = ""
	}
}

// start returns once all objects are listed. It watches them until ctx ends.
func (w *watch) start(ctx context.Context) error {
	notify := func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	}
	var refused atomic.Pointer[error] // the last error; informers retry until ctx ends
	onError := func(_ context.Context, _ *cache.Reflector, err error) { refused.Store(&err) }
	for informer := range w.informers {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
		if err := informer.SetWatchErrorHandlerWithContext(onError); err != nil {
			return err
		}
	}
	w.factory.StartWithContext(ctx)
	for kind, synced := range w.factory.WaitForCacheSync(ctx.Done()) {
		if synced {
			continue
		}
		if err := refused.Load(); err != nil {
			return *err
		}
		return fmt.Errorf("list %s: no answer from the API server", kind)
	}
	return nil
}

// join returns once all goroutines of the watch have ended, after the context of start has.
func (w *watch) join() { w.factory.Shutdown() }

// lister is the common part of the listers of all kinds.
type lister[T metav1.Object] interface {
	List(labels.Selector) ([]T, error)
	Get(name string) (T, error)
}

// find returns the object with this name. If it does not exist, find returns a target that reports so.
func find[T metav1.Object](o objects, from lister[T], kind, name string) (found T, absent *target, err error) {
	found, err = from.Get(name)
	if !apierrors.IsNotFound(err) {
		return found, nil, err
	}
	others, err := from.List(labels.Everything())
	return found, o.absent(kind, name, names(others)), err
}

// absent returns a target that does not exist. It names the others of its kind.
func (o objects) absent(kind, name string, others []string) *target {
	t := &target{name: kind + "/" + name, problems: []problem{o.missingNamespace()}}
	t.problems = append(t.problems, o.missingWorkload(t.name))
	if len(others) == 0 {
		t.pending = fmt.Errorf("there is no %s, nor any other %s", t.name, kind)
		return t
	}
	t.pending = fmt.Errorf("there is no %s, only %s", t.name, listNearest(name, others))
	return t
}

func names[T metav1.Object](objects []T) []string {
	all := make([]string, len(objects))
	for i, object := range objects {
		all[i] = object.GetName()
	}
	return all
}

// podsOf returns the pods that owner controls, sorted by name.
func (o objects) podsOf(owner metav1.Object) ([]*corev1.Pod, error) {
	all, err := o.pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for _, pod := range all {
		if metav1.IsControlledBy(pod, owner) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}
