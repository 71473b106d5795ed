package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/rollout"
)

// view is the cluster as a scenario sees it: by the names of namespaces, kinds and workloads that its steps use. A
// namespace of "" is the suite's.
type view struct {
	client     kubernetes.Interface
	resources  *resources
	background *background
	operated   atomic.Bool // the scenario has sent a custom resource, for which an operator may create workloads
	*namespaces
	waiter
}

// subject is an object that a step names. It need not exist.
type subject struct {
	kind, name, namespace string // in the words of the step
	mapping               *meta.RESTMapping
	client                dynamic.ResourceInterface
}

func (s *subject) String() string {
	if namespaced(s.mapping) {
		return fmt.Sprintf("%s %q in namespace %q", s.kind, s.name, s.namespace)
	}
	return fmt.Sprintf("%s %q", s.kind, s.name)
}

// subject returns the object of a kind, which is named as kubectl takes it.
func (v *view) subject(kind, name, namespace string) (*subject, error) {
	mapping, err := v.resources.find(kind)
	if err != nil {
		return nil, err
	}
	return &subject{
		kind: strings.ToLower(mapping.GroupVersionKind.Kind), name: name, namespace: v.named(namespace),
		mapping: mapping, client: v.resources.in(mapping, v.inCluster(namespace)),
	}, nil
}

// get returns the object. If it does not exist, the error names the objects of its kind that do.
func (s *subject) get(ctx context.Context) (*unstructured.Unstructured, error) {
	object, err := s.client.Get(ctx, s.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, s.absent(ctx)
	}
	return object, err
}

// absent returns the error for an object that does not exist.
func (s *subject) absent(ctx context.Context) error {
	others, err := s.client.List(ctx, everything)
	if err != nil {
		return err
	}
	if len(others.Items) == 0 {
		return fmt.Errorf("there is no %s, and no other %s", s, s.kind)
	}
	var names []string
	for _, other := range others.Items {
		names = append(names, other.GetName())
	}
	return fmt.Errorf("there is no %s, only %s", s, strings.Join(names, ", "))
}

// about names the object or the part of one that an error is about.
type about struct {
	subject string
	error
}

func (a about) Error() string { return a.subject + ": " + a.error.Error() }

func (a about) Unwrap() error { return a.error }

// aboutIf adds a subject to an error, if there is one.
func aboutIf(subject string, err error) error {
	if err == nil {
		return nil
	}
	return about{subject, err}
}

// errAbsent stands for the absence of an object until absent explains it.
var errAbsent = errors.New("it does not exist")

// look waits until an object satisfies check. It does not wait for an object that does not exist.
func (v *view) look(
	ctx context.Context, kind, name, namespace string, check func(object map[string]any) mismatch,
) error {
	subject, err := v.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	err = v.object(ctx, subject.client, name, func(object *unstructured.Unstructured) mismatch {
		if object == nil {
			return permanent(errAbsent)
		}
		return check(object.Object)
	})
	if errors.Is(err, errAbsent) {
		return subject.absent(ctx)
	}
	return aboutIf(subject.String(), err)
}

// await waits for a condition of a workload.
func (v *view) await(ctx context.Context, namespace string, condition rollout.Condition) error {
	if v.operated.Load() {
		condition = condition.MayAppear()
	}
	return rollout.Await(ctx, v.client, v.inCluster(namespace), v.limit, condition)
}

// ready waits until a workload is rolled out.
func (v *view) ready(ctx context.Context, named, namespace string) error {
	kind, name := kindAndName(named)
	return v.await(ctx, namespace, rollout.Ready(kind, name))
}

// notReady waits until a workload cannot be rolled out, or the time is up, and returns why. It fails if the workload is
// rolled out.
func (v *view) notReady(ctx context.Context, named, namespace string) (*rollout.Error, error) {
	err := v.ready(ctx, named, namespace)
	failed := (*rollout.Error)(nil)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%s is rolled out; it should not have been", named)
	case ctx.Err() != nil || !errors.As(err, &failed):
		return nil, err
	}
	return failed, nil
}

// kindAndName splits the way in which steps name a workload or a Service, such as deployment/shop.
func kindAndName(named string) (kind, name string) {
	kind, name, _ = strings.Cut(named, "/")
	return kind, name
}

// workload is a workload in the cluster, with the fields that all kinds of workload have.
type workload struct {
	named     string // in the words of the step
	namespace string // in the cluster
	template  *corev1.PodTemplateSpec
	selector  string // of its pods
	replicas  int    // in its spec; 0 if its kind has no such field
}

// workload returns the workload that a step names as KIND/NAME.
func (v *view) workload(ctx context.Context, named, namespace string) (*workload, error) {
	kind, name := kindAndName(named)
	subject, err := v.subject(kind, name, namespace)
	if err != nil {
		return nil, err
	}
	object, err := subject.get(ctx)
	if err != nil {
		return nil, err
	}
	found := &workload{named: named, namespace: v.inCluster(namespace)}
	if found.template, err = podTemplate(object.Object); err != nil {
		return nil, fmt.Errorf("%s: %w", named, err)
	}
	replicas, _, _ := unstructured.NestedInt64(object.Object, "spec", "replicas")
	found.replicas = int(replicas)
	fields, _, err := unstructured.NestedMap(object.Object, "spec", "selector")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", named, err)
	}
	selector := new(metav1.LabelSelector)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, selector); err != nil {
		return nil, fmt.Errorf("%s: %w", named, err)
	}
	found.selector = metav1.FormatLabelSelector(selector)
	return found, nil
}

func podTemplate(object map[string]any) (*corev1.PodTemplateSpec, error) {
	fields, _, err := unstructured.NestedMap(object, "spec", "template")
	if err != nil {
		return nil, err
	}
	template := new(corev1.PodTemplateSpec)
	return template, runtime.DefaultUnstructuredConverter.FromUnstructured(fields, template)
}

// template holds the pod template of a workload to check, once.
func (v *view) template(ctx context.Context, named, namespace string, check func(*corev1.PodTemplateSpec) error) error {
	kind, name := kindAndName(named)
	return v.look(ctx, kind, name, namespace, func(object map[string]any) mismatch {
		template, err := podTemplate(object)
		if err != nil {
			return permanent(err)
		}
		return permanent(check(template))
	})
}

// livePods returns the pods that a workload selects and that have not ended.
func (v *view) livePods(ctx context.Context, w *workload) ([]corev1.Pod, error) {
	pods, err := v.client.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: w.selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", w.named, err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return ended(&pod) }), nil
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// rolledOut returns the pods of a workload's newest revision once it is rolled out. There is at least one.
func (v *view) rolledOut(ctx context.Context, named, namespace string) (found []*corev1.Pod, err error) {
	kind, name := kindAndName(named)
	err = v.await(ctx, namespace, rollout.PodsMatch(kind, name, "be rolled out", func(pods []*corev1.Pod) error {
		found = pods
		return nil
	}))
	return found, err
}

// eachPod calls do for each pod of a workload's newest revision once it is rolled out. Errors name the pod.
func (v *view) eachPod(ctx context.Context, named, namespace string, do func(*corev1.Pod) error) error {
	pods, err := v.rolledOut(ctx, named, namespace)
	if err != nil {
		return err
	}
	var failed []error
	for _, pod := range pods {
		failed = append(failed, aboutIf("pod/"+pod.Name, do(pod)))
	}
	return errors.Join(failed...)
}

// awaitGone waits until the object with a UID is gone. Another object may have its name by then.
func (v *view) awaitGone(ctx context.Context, client dynamic.ResourceInterface, object metav1.Object) error {
	return v.object(ctx, client, object.GetName(), func(found *unstructured.Unstructured) mismatch {
		if found == nil || found.GetUID() != object.GetUID() {
			return met
		}
		return pending(fmt.Errorf("it still exists, with the finalizers %q", found.GetFinalizers()))
	})
}

// listed joins names for the end of a sentence.
func listed(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// only ends the sentence "it has no port 80": with those that it has, or with the fact that it has none.
func only(names []string) string {
	if len(names) == 0 {
		return ", nor any other"
	}
	return ", only " + strings.Join(names, ", ")
}
