package main

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// admittedAnnotation is set on a pod that passes the checks of a kubelet. Without it, no stage starts the pod: see
// loadStages.
const admittedAnnotation = "charts.traderadmin/kubelet"

// gate checks the pods that are bound to a node, as their kubelet would, before KWOK starts them. A stage of KWOK sees
// one object only, so it cannot know whether a Secret exists.
type gate struct {
	client     kubernetes.Interface
	pods       cache.SharedIndexInformer
	configMaps cache.SharedIndexInformer
	secrets    cache.SharedIndexInformer
	queue      workqueue.TypedRateLimitingInterface[cache.ObjectName]
	events     record.EventRecorder
}

// gateWorkers is the number of pods that are checked at the same time.
const gateWorkers = 8

// startGate checks pods in the background until ctx ends.
func startGate(ctx context.Context, client kubernetes.Interface, events record.EventRecorder) error {
	informer := func(selector fields.Selector) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(client, 0,
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.FieldSelector = selector.String() }))
	}
	bound := informer(fields.OneTermNotEqualSelector("spec.nodeName", ""))
	// Helm's releases are large, and no pod refers to them.
	secrets := informer(fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"))
	all := informer(fields.Everything())
	g := &gate{
		client:     client,
		pods:       bound.Core().V1().Pods().Informer(),
		configMaps: all.Core().V1().ConfigMaps().Informer(),
		secrets:    secrets.Core().V1().Secrets().Informer(),
		queue:      workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()),
		events:     events,
	}
	if err := g.watch(); err != nil {
		return err
	}
	for _, factory := range []informers.SharedInformerFactory{bound, secrets, all} {
		factory.Start(ctx.Done())
	}
	for range gateWorkers {
		go g.work(ctx)
	}
	go func() {
		<-ctx.Done()
		g.queue.ShutDown()
	}()
	return nil
}

// watch queues a pod when it changes, and the waiting pods of a namespace when a ConfigMap or Secret there does.
func (g *gate) watch() error {
	pods := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { g.enqueue(object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { g.enqueue(object.(*corev1.Pod)) },
	}
	if _, err := g.pods.AddEventHandler(pods); err != nil {
		return err
	}
	references := cache.ResourceEventHandlerFuncs{
		AddFunc:    g.enqueueNamespace,
		UpdateFunc: func(_, object any) { g.enqueueNamespace(object) },
	}
	if _, err := g.configMaps.AddEventHandler(references); err != nil {
		return err
	}
	_, err := g.secrets.AddEventHandler(references)
	return err
}

// waits reports whether a pod has not been started.
func waits(pod *corev1.Pod) bool {
	_, admitted := pod.Annotations[admittedAnnotation]
	return !admitted && pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodPending
}

func (g *gate) enqueue(pod *corev1.Pod) {
	if waits(pod) {
		g.queue.Add(cache.MetaObjectToName(pod))
	}
}

func (g *gate) enqueueNamespace(object any) {
	pods, err := g.pods.GetIndexer().ByIndex(cache.NamespaceIndex, object.(metav1.Object).GetNamespace())
	if err != nil {
		runtime.HandleError(err)
	}
	for _, pod := range pods {
		g.enqueue(pod.(*corev1.Pod))
	}
}

func (g *gate) work(ctx context.Context) {
	for {
		name, shutDown := g.queue.Get()
		if shutDown {
			return
		}
		if err := g.check(ctx, name); err != nil && ctx.Err() == nil {
			runtime.HandleErrorWithContext(ctx, err, "Check a pod", "pod", name)
			g.queue.AddRateLimited(name)
		} else {
			g.queue.Forget(name)
		}
		g.queue.Done(name)
	}
}

// check admits a pod, or writes into its status and events why a kubelet would not start it.
func (g *gate) check(ctx context.Context, name cache.ObjectName) error {
	found, exists, err := g.pods.GetIndexer().GetByKey(name.String())
	if err != nil || !exists {
		return err
	}
	pod := found.(*corev1.Pod)
	if !waits(pod) {
		return nil
	}
	c := checks{pod, g.keys}
	for i := range pod.Spec.Volumes {
		message, err := c.volume(ctx, &pod.Spec.Volumes[i])
		if err != nil {
			return err
		}
		if message != "" {
			g.events.Event(pod, corev1.EventTypeWarning, "FailedMount", message)
			return g.refuse(ctx, pod, creating(pod))
		}
	}
	refusals, err := c.containers(ctx)
	switch {
	case err != nil:
		return err
	case len(refusals) > 0:
		return g.refuse(ctx, pod, refusals)
	}
	return g.admit(ctx, pod)
}

// creating returns the state of the containers of a pod whose volumes cannot be mounted.
func creating(pod *corev1.Pod) map[string]*refusal {
	states := map[string]*refusal{}
	for _, container := range pod.Spec.InitContainers {
		states[container.Name] = &refusal{reason: "PodInitializing"}
	}
	for _, container := range pod.Spec.Containers {
		states[container.Name] = &refusal{reason: "ContainerCreating"}
	}
	return states
}

func (g *gate) refuse(ctx context.Context, pod *corev1.Pod, refusals map[string]*refusal) error {
	updated := pod.DeepCopy()
	updated.Status = refused(pod, refusals, metav1.Now())
	if sameStates(pod, updated) {
		return nil
	}
	for _, refusal := range refusals {
		if refusal.message != "" {
			g.events.Event(pod, corev1.EventTypeWarning, "Failed", "Error: "+refusal.message)
		}
	}
	_, err := g.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // the watch brings the change
	}
	return err
}

// sameStates reports whether the containers of a pod wait for the same reasons.
func sameStates(a, b *corev1.Pod) bool {
	states := func(pod *corev1.Pod) map[string]*corev1.ContainerStateWaiting {
		all := map[string]*corev1.ContainerStateWaiting{}
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			all[status.Name] = status.State.Waiting
		}
		return all
	}
	return equality.Semantic.DeepEqual(states(a), states(b))
}

// admit lets KWOK start a pod.
func (g *gate) admit(ctx context.Context, pod *corev1.Pod) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         pod.UID, // another pod of this name is not admitted
		"annotations": map[string]string{admittedAnnotation: "admitted"},
	}})
	if err != nil {
		return err
	}
	_, err = g.client.CoreV1().Pods(pod.Namespace).
		Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// keys is the lookup of checks. An object that the informers do not know is requested, because it may have been created
// a moment ago.
func (g *gate) keys(ctx context.Context, kind, namespace, name string) (map[string]bool, error) {
	key := namespace + "/" + name
	keys := map[string]bool{}
	switch kind {
	case configMapKind:
		found, exists, err := g.configMaps.GetIndexer().GetByKey(key)
		object, _ := found.(*corev1.ConfigMap)
		if err == nil && !exists {
			object, err = g.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		}
		if err != nil {
			return nil, err
		}
		addKeys(keys, object.Data)
		addKeys(keys, object.BinaryData)
	case secretKind:
		found, exists, err := g.secrets.GetIndexer().GetByKey(key)
		object, _ := found.(*corev1.Secret)
		if err == nil && !exists {
			object, err = g.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		}
		if err != nil {
			return nil, err
		}
		addKeys(keys, object.Data)
	default:
		return nil, fmt.Errorf("no pod refers to a %s", kind)
	}
	return keys, nil
}

func addKeys[V any](keys map[string]bool, data map[string]V) {
	for key := range data {
		keys[key] = true
	}
}
