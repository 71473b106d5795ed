// Package budget adds up what a release asks of its cluster: what its containers request and may use, times the pods there are of
// each, at rest, scaled up, and while it rolls out. It counts as Kubernetes does: init containers and sidecars as the scheduler,
// defaults as the API server and the LimitRanges of the release, sums as a ResourceQuota.
package budget

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
	"github.com/traderadmin/charts/lint/policy"
)

// Budget is what a release asks for.
type Budget struct {
	// Workloads make the pods, in the order of the release. A custom resource with several pod templates is there several times.
	Workloads []Workload
	// Objects are all objects of the release, by what a quota calls their number: count/deployments.apps.
	Objects map[string][]*chart.Object
}

// Workload is an object and the pods that it is or makes.
type Workload struct {
	Pod
	Pods workload.Pods
}

// Of adds up the objects of a release. The policy says on how many nodes a DaemonSet runs, and where custom resources keep their
// pod templates.
func Of(objects []*chart.Object, resources policy.Resources) Budget {
	ranges := ReadLimitRanges(objects)
	autoscalers := autoscalersOf(objects)
	b := Budget{Objects: map[string][]*chart.Object{}}
	for _, o := range objects {
		count := countName(o)
		b.Objects[count] = append(b.Objects[count], o)
		for _, spec := range resources.PodSpecs(o) {
			b.Workloads = append(b.Workloads, Workload{
				Pod:  newPod(o, spec, ranges),
				Pods: workload.PodsOf(manifest(o), autoscalers, int64(resources.Nodes.Count)),
			})
		}
	}
	return b
}

// countName is what a quota calls the number of objects of a kind.
func countName(o *chart.Object) string {
	plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: o.Kind})
	if group := o.Group(); group != "" {
		return "count/" + plural.Resource + "." + group
	}
	return "count/" + plural.Resource
}

// Part is some pods of a workload.
type Part struct {
	Workload *Workload
	Pods     int64
}

// Phase is a time in the life of a release, and the pods that there are then.
type Phase struct {
	Name  string
	Parts []Part
}

// Phases are the times without hooks: as installed; scaled up, where autoscalers have made as many pods as they may and CronJobs
// overlap; and rolling out, where every workload is replaced at once, scaled up as it is.
func (b *Budget) Phases() []Phase {
	return []Phase{
		b.phase("as installed", func(p workload.Pods) int64 { return p.Initial.Replicas }),
		b.phase("scaled up", func(p workload.Pods) int64 { return p.Peak.Replicas }),
		b.phase("rolling out", func(p workload.Pods) int64 { return p.Peak.Replicas + p.Peak.Surge }),
	}
}

func (b *Budget) phase(name string, count func(workload.Pods) int64) Phase {
	phase := Phase{Name: name}
	for i := range b.Workloads {
		w := &b.Workloads[i]
		if w.Object.Hook() == chart.NoHook {
			phase.Parts = append(phase.Parts, Part{Workload: w, Pods: count(w.Pods)})
		}
	}
	return phase
}

// LargestHook is the hook or test that uses most of a quota, alone: Helm runs them one after another. It has no parts if there is
// no hook.
func (b *Budget) LargestHook(quota string) Phase {
	phase := Phase{Name: "largest hook"}
	for i := range b.Workloads {
		w := &b.Workloads[i]
		if w.Object.Hook() == chart.NoHook {
			continue
		}
		part := Part{Workload: w, Pods: w.Pods.Initial.Replicas}
		if used := part.Uses(quota); phase.Parts == nil || used.Cmp(phase.Uses(quota)) > 0 {
			phase.Parts = []Part{part}
		}
	}
	return phase
}

// Peak is when the release uses most of a quota: while it rolls out, or, scaled up, with its largest hook beside it. A hook that
// follows a rollout is taken to wait for it, as with helm --wait.
func (b *Budget) Peak(quota string) Phase {
	phases := b.Phases()
	scaledUp, rollingOut := phases[1], phases[2]
	withHook := Phase{Name: "scaled up, with a hook", Parts: append(scaledUp.Parts, b.LargestHook(quota).Parts...)}
	if used := withHook.Uses(quota); used.Cmp(rollingOut.Uses(quota)) > 0 {
		return withHook
	}
	return rollingOut
}

// Uses is what the pods of the phase use of a quota, which is named as in a ResourceQuota's spec.hard: pods, requests.cpu, limits.memory.
func (p Phase) Uses(quota string) resource.Quantity {
	var sum resource.Quantity
	for _, part := range p.Parts {
		sum.Add(part.Uses(quota))
	}
	return sum
}

// Unlimited says whether one of the containers of the phase has no limit of a resource, so that the sum of limits is no bound.
func (p Phase) Unlimited(name corev1.ResourceName) bool {
	return slices.ContainsFunc(p.Parts, func(part Part) bool { return part.Pods > 0 && part.Workload.Unlimited(name) })
}

// Largest are the parts that use most of a quota, the largest first; those that use nothing are left out.
func (p Phase) Largest(quota string) []Part {
	var parts []Part
	for _, part := range p.Parts {
		if used := part.Uses(quota); !used.IsZero() {
			parts = append(parts, part)
		}
	}
	slices.SortStableFunc(parts, func(a, b Part) int {
		used := b.Uses(quota)
		return used.Cmp(a.Uses(quota))
	})
	return parts
}

// Uses is what the pods of the part use of a quota.
func (p Part) Uses(quota string) resource.Quantity { return times(p.Workload.Uses(quota), p.Pods) }

// Uses is what one pod uses of a quota.
func (p *Pod) Uses(quota string) resource.Quantity {
	if quota == "pods" || quota == "count/pods" {
		return *resource.NewQuantity(1, resource.DecimalSI)
	}
	bound, name := Asks(quota)
	if bound == "limits" {
		return p.Limits[corev1.ResourceName(name)]
	}
	return p.Requests[corev1.ResourceName(name)]
}

// Asks takes the name of a quota apart: what pods ask for, under requests or limits, of which resource. A resource on its own
// means requests, as in a ResourceQuota.
func Asks(quota string) (bound, name string) {
	for _, bound := range []string{"requests", "limits"} {
		if name, found := strings.CutPrefix(quota, bound+"."); found {
			return bound, name
		}
	}
	return "requests", quota
}

// Resources are what the release asks for: cpu and memory first, which every table has, then by name.
func (b *Budget) Resources() []corev1.ResourceName {
	named := corev1.ResourceList{}
	for i := range b.Workloads {
		maps.Copy(named, b.Workloads[i].Requests)
		maps.Copy(named, b.Workloads[i].Limits)
	}
	delete(named, corev1.ResourceCPU)
	delete(named, corev1.ResourceMemory)
	return append([]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory}, sorted(named)...)
}

func sorted(list corev1.ResourceList) []corev1.ResourceName {
	return slices.SortedFunc(maps.Keys(list), cmp.Compare[corev1.ResourceName])
}
