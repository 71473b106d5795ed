package capacity

import (
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/traderadmin/charts/internal/workload"
)

// demand is the sum of the requests of one object's pods.
type demand struct {
	template corev1.PodTemplateSpec
	scale    workload.Scale
	pod      Amount // of one pod
	peak     Amount // the most that its pods have requested together so far
}

// objectKey identifies an object in the cluster.
type objectKey struct{ kind, namespace, name string }

// demandsOf returns the demands of objects that are pods, or that make pods at once. CronJobs make pods later, and the
// pods of a custom resource are unknown; neither has a demand.
func demandsOf(objects []*unstructured.Unstructured) map[objectKey]demand {
	autoscalers := workload.Autoscalers{}
	for _, object := range objects {
		autoscalers.Add(workload.FromUnstructured(object))
	}
	demands := map[objectKey]demand{}
	for _, object := range objects {
		template, ok := podTemplate(object)
		if !ok {
			continue
		}
		const nodes = 1 // most clusters for tests have one
		d := demand{
			template: template,
			scale:    workload.PodsOf(workload.FromUnstructured(object), autoscalers, nodes).Initial,
			pod:      requestsOf(template.Spec).toStart(),
		}
		d.peak = d.pod.times(d.scale.Replicas)
		demands[objectKey{object.GetKind(), object.GetNamespace(), object.GetName()}] = d
	}
	return demands
}

// podTemplate returns the template of the pods that an object makes. Objects that the API server will refuse have none.
func podTemplate(object *unstructured.Unstructured) (template corev1.PodTemplateSpec, ok bool) {
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return template, false // a custom resource
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return template, false
	}
	switch o := typed.(type) {
	case *corev1.Pod:
		return corev1.PodTemplateSpec{Spec: o.Spec}, true
	case *appsv1.Deployment:
		return o.Spec.Template, true
	case *appsv1.ReplicaSet:
		return o.Spec.Template, true
	case *appsv1.StatefulSet:
		return o.Spec.Template, true
	case *appsv1.DaemonSet:
		return o.Spec.Template, true
	case *batchv1.Job:
		return o.Spec.Template, true
	}
	return template, false
}

// after returns the demand of an object that replaces an earlier version of itself, whose pods coexist with the new
// ones for a while. For a new object, earlier is zero; updates then says whether its template will change later.
func (d demand) after(earlier demand, updates bool) demand {
	replicas := max(d.scale.Replicas, earlier.scale.Replicas)
	isNew := earlier.pod == Amount{}
	if isNew && updates || !isNew && !reflect.DeepEqual(d.template, earlier.template) {
		replicas += d.scale.Surge
	}
	d.peak = earlier.peak.max(d.pod.max(earlier.pod).times(replicas))
	return d
}
