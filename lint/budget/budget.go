// Package budget sums up the resources that a release needs: the requests and limits of its containers times the number
// of pods, as installed, scaled up and rolling out.
//
// It counts as Kubernetes does: init containers and sidecars as the scheduler, defaults as the API server and the
// LimitRanges of the release, sums as a ResourceQuota, and pods as package workload.
package budget

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
	"github.com/traderadmin/charts/lint/policy"
)

// Budget is what a release needs.
type Budget struct {
	// Workloads are in the order of the release. A custom resource with several pod templates is listed once for each.
	Workloads []Workload
	// Objects holds all objects of the release by the name under which a quota counts them, such as
	// count/deployments.apps.
	Objects map[string][]*chart.Object
}

// Workload is an object that is a pod or creates pods.
type Workload struct {
	Pod
	Pods workload.Pods
}

// Of returns the budget of a release. The resources of the policy determine on how many nodes a DaemonSet runs, and
// where custom resources have their pod templates.
func Of(objects []*chart.Object, resources policy.Resources) Budget {
	ranges := ReadLimitRanges(objects)
	autoscalers := Autoscalers(objects)
	b := Budget{Objects: map[string][]*chart.Object{}}
	for _, o := range objects {
		count := countName(o)
		b.Objects[count] = append(b.Objects[count], o)
		for _, spec := range resources.PodSpecs(o) {
			b.Workloads = append(b.Workloads, Workload{
				Pod:  newPod(o, spec, ranges),
				Pods: workload.PodsOf(Manifest(o), autoscalers, int64(resources.Nodes.Count)),
			})
		}
	}
	return b
}

// countName returns the name under which a quota counts objects of this kind.
func countName(o *chart.Object) string {
	plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: o.Kind})
	if group := o.Group(); group != "" {
		return "count/" + plural.Resource + "." + group
	}
	return "count/" + plural.Resource
}

// Resources returns the resources that the release requests or limits: cpu and memory in any case, then the others by
// name.
func (b *Budget) Resources() []corev1.ResourceName {
	others := corev1.ResourceList{}
	for i := range b.Workloads {
		maps.Copy(others, b.Workloads[i].Requests)
		maps.Copy(others, b.Workloads[i].Limits)
	}
	delete(others, corev1.ResourceCPU)
	delete(others, corev1.ResourceMemory)
	names := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory}
	return slices.AppendSeq(names, sortedKeys(others))
}

func sortedKeys[V any](of map[corev1.ResourceName]V) func(func(corev1.ResourceName) bool) {
	return slices.Values(slices.SortedFunc(maps.Keys(of), cmp.Compare[corev1.ResourceName]))
}
