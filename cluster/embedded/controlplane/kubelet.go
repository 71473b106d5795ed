package main

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	"k8s.io/kubernetes/pkg/kubelet/util/format"
)

// kubelets write the status of the pods that are bound to a node, as the kubelets of the nodes would.
type kubelets struct {
	client     kubernetes.Interface
	pods       cache.SharedIndexInformer
	nodes      corelisters.NodeLister
	configMaps cache.SharedIndexInformer
	secrets    cache.SharedIndexInformer
	queue      workqueue.TypedRateLimitingInterface[cache.ObjectName]
	events     record.EventRecorder
}

// kubeletWorkers is the number of pods that are handled at the same time.
const kubeletWorkers = 8

// startKubelets handles pods in the background until ctx ends.
func startKubelets(ctx context.Context, client kubernetes.Interface, events record.EventRecorder) error {
	informer := func(selector fields.Selector) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(client, 0,
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.FieldSelector = selector.String() }))
	}
	bound := informer(fields.OneTermNotEqualSelector("spec.nodeName", ""))
	// Helm's releases are large, and no pod refers to them.
	secrets := informer(fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"))
	all := informer(fields.Everything())
	limiter := workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()
	k := &kubelets{
		client:     client,
		pods:       bound.Core().V1().Pods().Informer(),
		nodes:      all.Core().V1().Nodes().Lister(),
		configMaps: all.Core().V1().ConfigMaps().Informer(),
		secrets:    secrets.Core().V1().Secrets().Informer(),
		queue:      workqueue.NewTypedRateLimitingQueue(limiter),
		events:     events,
	}
	if err := k.watch(); err != nil {
		return err
	}
	for _, factory := range []informers.SharedInformerFactory{bound, secrets, all} {
		factory.Start(ctx.Done())
	}
	for range kubeletWorkers {
		go k.work(ctx)
	}
	go func() {
		<-ctx.Done()
		k.queue.ShutDown()
	}()
	return nil
}

// watch queues a pod when it changes, and the pending pods of a namespace when a ConfigMap or Secret there does.
func (k *kubelets) watch() error {
	pods := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.queue.Add(cache.MetaObjectToName(object.(*corev1.Pod))) },
		UpdateFunc: func(_, object any) { k.queue.Add(cache.MetaObjectToName(object.(*corev1.Pod))) },
	}
	if _, err := k.pods.AddEventHandler(pods); err != nil {
		return err
	}
	references := cache.ResourceEventHandlerFuncs{
		AddFunc:    k.enqueueNamespace,
		UpdateFunc: func(_, object any) { k.enqueueNamespace(object) },
	}
	if _, err := k.configMaps.AddEventHandler(references); err != nil {
		return err
	}
	_, err := k.secrets.AddEventHandler(references)
	return err
}

func (k *kubelets) enqueueNamespace(object any) {
	pods, err := k.pods.GetIndexer().ByIndex(cache.NamespaceIndex, object.(metav1.Object).GetNamespace())
	if err != nil {
		runtime.HandleError(err)
	}
	for _, found := range pods {
		if pod := found.(*corev1.Pod); pod.Status.Phase == corev1.PodPending {
			k.queue.Add(cache.MetaObjectToName(pod))
		}
	}
}

func (k *kubelets) work(ctx context.Context) {
	for {
		name, shutDown := k.queue.Get()
		if shutDown {
			return
		}
		if err := k.sync(ctx, name); err != nil && ctx.Err() == nil {
			runtime.HandleErrorWithContext(ctx, err, "Handle a pod", "pod", name)
			k.queue.AddRateLimited(name)
		} else {
			k.queue.Forget(name)
		}
		k.queue.Done(name)
	}
}

// sync takes a pod to its next state. KWOK deletes it: see loadStages.
func (k *kubelets) sync(ctx context.Context, name cache.ObjectName) error {
	found, exists, err := k.pods.GetIndexer().GetByKey(name.String())
	if err != nil || !exists {
		return err
	}
	pod := found.(*corev1.Pod)
	if pod.DeletionTimestamp != nil || podutil.IsPodTerminal(pod) {
		return nil
	}
	c := checks{pod, k}
	l := lifecycle{pod, metav1.Now(), func(container *corev1.Container) (*refusal, error) {
		return c.container(ctx, container)
	}}
	if left, limited := l.deadline(); limited {
		if left <= 0 {
			return k.update(ctx, pod, l.expired(), "")
		}
		k.queue.AddAfter(name, left)
	}
	if pod.Status.Phase == corev1.PodPending {
		switch message, err := c.volumes(ctx); {
		case err != nil:
			return err
		case message != "":
			return k.update(ctx, pod, l.unmounted(), message)
		}
	}
	next, wait, err := l.next()
	if err != nil {
		return err
	}
	if wait > 0 {
		k.queue.AddAfter(name, wait)
	}
	if next.PodIP == "" {
		k.setAddresses(pod, &next)
	}
	return k.update(ctx, pod, next, "")
}

// update writes the next status of a pod, with the events that tell of it. mount is why a volume cannot be mounted.
func (k *kubelets) update(ctx context.Context, pod *corev1.Pod, next corev1.PodStatus, mount string) error {
	if equality.Semantic.DeepEqual(pod.Status, next) {
		return nil
	}
	updated := pod.DeepCopy()
	updated.Status = next
	_, err := k.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // the watch brings the change
	}
	if err != nil {
		return err
	}
	if mount != "" {
		k.events.Event(pod, corev1.EventTypeWarning, "FailedMount", mount)
	}
	last := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, of := range slices.Concat(next.InitContainerStatuses, next.ContainerStatuses) {
		before := podutil.GetExistingContainerStatus(last, of.Name).State.Waiting
		if waits := of.State.Waiting; waits != nil && !equality.Semantic.DeepEqual(before, waits) {
			k.tell(pod, of)
		}
	}
	return nil
}

// tell emits the event about a container that does not start.
func (k *kubelets) tell(pod *corev1.Pod, of corev1.ContainerStatus) {
	switch waits := of.State.Waiting; waits.Reason {
	case crashLoopBackOff:
		k.events.Eventf(pod, corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s",
			of.Name, format.Pod(pod))
	case createConfigError:
		k.events.Event(pod, corev1.EventTypeWarning, "Failed", "Error: "+waits.Message)
	case invalidImageName, errImagePull, imagePullBackOff:
		k.events.Event(pod, corev1.EventTypeWarning, "Failed", "Error: "+waits.Reason)
	}
}

// setAddresses sets the addresses of a pod and its node.
func (k *kubelets) setAddresses(pod *corev1.Pod, next *corev1.PodStatus) {
	node, err := k.nodes.Get(pod.Spec.NodeName)
	if err != nil {
		return // it was deleted, or the pod was bound to a node that never existed
	}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			next.HostIP, next.HostIPs = address.Address, []corev1.HostIP{{IP: address.Address}}
		}
	}
	next.PodIP = next.HostIP
	if !pod.Spec.HostNetwork {
		next.PodIP = podAddresses.next()
	}
	next.PodIPs = []corev1.PodIP{{IP: next.PodIP}}
}

// configMap returns a ConfigMap. One that the informer does not know is requested, because it may have been created a
// moment ago.
func (k *kubelets) configMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error) {
	return find(ctx, k.configMaps, k.client.CoreV1().ConfigMaps(namespace), namespace, name, "configmap")
}

// secret does the same for a Secret.
func (k *kubelets) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	return find(ctx, k.secrets, k.client.CoreV1().Secrets(namespace), namespace, name, "secret")
}

// find returns an object of an informer or, if it has none of this name, of the API server. If there is none, the error
// has the kubelet's word for the kind.
func find[T any](
	ctx context.Context, informer cache.SharedIndexInformer, client getter[T], namespace, name, kind string,
) (T, error) {
	known, exists, err := informer.GetIndexer().GetByKey(namespace + "/" + name)
	if err != nil || exists {
		object, _ := known.(T)
		return object, err
	}
	object, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		err = apierrors.NewNotFound(corev1.Resource(kind), name)
	}
	return object, err
}

// getter is a client of one kind.
type getter[T any] interface {
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
}
