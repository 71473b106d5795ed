package capacity

import (
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// workload is an object that is a pod, or makes pods as soon as it is there.
type workload struct {
	template corev1.PodTemplateSpec
	replicas int64
	surge    int64 // pods on top of replicas while those of a new template take the places of others

	pod, most Amount // what one pod takes, and what all took together at the most, so far
}

// id names an object in the cluster.
type id struct{ kind, namespace, name string }

// workloads are those of the objects. A custom resource is none, as nobody knows what it makes, nor is a CronJob, which makes pods later if ever.
func workloads(objects []*unstructured.Unstructured) map[id]workload {
	found := map[id]workload{}
	least := leastReplicas(objects)
	for _, object := range objects {
		typed, err := scheme.Scheme.New(object.GroupVersionKind())
		if err != nil {
			continue // of a kind that Kubernetes itself does not have
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
			continue // for the API server to refuse
		}
		at := id{object.GetKind(), object.GetNamespace(), object.GetName()}
		w := workload{replicas: 1}
		switch o := typed.(type) {
		case *corev1.Pod:
			w.template.Spec = o.Spec
		case *appsv1.Deployment:
			w.template, w.replicas = o.Spec.Template, number(o.Spec.Replicas)
		case *appsv1.ReplicaSet:
			w.template, w.replicas = o.Spec.Template, number(o.Spec.Replicas)
		case *appsv1.StatefulSet:
			w.template, w.replicas = o.Spec.Template, number(o.Spec.Replicas)
		case *appsv1.DaemonSet: // as on one node
			w.template = o.Spec.Template
		case *batchv1.Job:
			w.template, w.replicas = o.Spec.Template, number(o.Spec.Parallelism)
		default:
			continue
		}
		w.replicas = max(w.replicas, least[at])
		if o, ok := typed.(*appsv1.Deployment); ok {
			w.surge = surge(o.Spec.Strategy, w.replicas)
		}
		w.pod = ofPod(w.template.Spec).toStart()
		w.most = w.pod.times(w.replicas)
		found[at] = w
	}
	return found
}

// number is what the API server makes of a number of pods that may be left out.
func number(of *int32) int64 {
	if of == nil {
		return 1
	}
	return int64(*of)
}

// surge is how many pods a Deployment of so many replicas makes on top of them while it rolls out. What is no number is for the API server to refuse.
func surge(strategy appsv1.DeploymentStrategy, replicas int64) int64 {
	if strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return 0
	}
	most := intstr.FromString("25%") // what the API server puts where there is none
	if rolling := strategy.RollingUpdate; rolling != nil && rolling.MaxSurge != nil {
		most = *rolling.MaxSurge
	}
	pods, _ := intstr.GetScaledValueFromIntOrPercent(&most, int(replicas), true)
	return int64(pods)
}

// leastReplicas are how many pods autoscalers among the objects make of what they scale, at least.
func leastReplicas(objects []*unstructured.Unstructured) map[id]int64 {
	least := map[id]int64{}
	for _, object := range objects {
		if object.GetKind() != "HorizontalPodAutoscaler" {
			continue
		}
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(object.Object, "spec", "scaleTargetRef", "name")
		replicas, found, _ := unstructured.NestedInt64(object.Object, "spec", "minReplicas")
		if !found {
			replicas = 1
		}
		least[id{kind, object.GetNamespace(), name}] = replicas
	}
	return least
}

// after is the workload as it takes the place of an earlier one, of which pods are there for a while, too. Where it is the first, earlier is zero, and what it takes includes an update
// of its template if there will be one.
func (w workload) after(earlier workload, updates bool) workload {
	replicas := max(w.replicas, earlier.replicas)
	if first := earlier.pod.Pods == 0; first && updates || !first && !reflect.DeepEqual(w.template, earlier.template) {
		replicas += w.surge
	}
	w.most = earlier.most.max(w.pod.max(earlier.pod).times(replicas))
	return w
}
