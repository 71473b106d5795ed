package budget

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
)

// Phase is a time in the life of a release, with the pods that exist then.
type Phase struct {
	Name  string
	Parts []Part
}

// Part is a number of pods of one workload.
type Part struct {
	Workload *Workload
	Pods     int64
}

// Phases returns the phases in which no hook runs: as installed; scaled up, with autoscalers at their maximum and
// CronJob runs overlapping; and rolling out, with all workloads replaced at once while they are scaled up.
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

// LargestHook returns the hook or test that uses most of a quota. It is alone in its phase, because Helm runs hooks one
// after another. Without hooks the phase has no parts.
func (b *Budget) LargestHook(quota string) Phase {
	phase := Phase{Name: "largest hook"}
	for i := range b.Workloads {
		w := &b.Workloads[i]
		if w.Object.Hook() == chart.NoHook {
			continue
		}
		part := Part{Workload: w, Pods: w.Pods.Initial.Replicas}
		if usage := part.Usage(quota); phase.Parts == nil || usage.Cmp(phase.Usage(quota)) > 0 {
			phase.Parts = []Part{part}
		}
	}
	return phase
}

// Peak returns the phase in which the release uses most of a quota: rolling out, or scaled up beside its largest hook.
// Hooks after an upgrade are assumed to wait for the rollout, as with helm --wait.
func (b *Budget) Peak(quota string) Phase {
	phases := b.Phases()
	scaledUp, rollingOut := phases[1], phases[2]
	withHook := Phase{Name: "scaled up, with a hook", Parts: append(scaledUp.Parts, b.LargestHook(quota).Parts...)}
	if usage := withHook.Usage(quota); usage.Cmp(rollingOut.Usage(quota)) > 0 {
		return withHook
	}
	return rollingOut
}

// Usage returns how much of a quota the pods of the phase use. The quota is named as in spec.hard of a ResourceQuota,
// such as pods, requests.cpu or limits.memory.
func (p Phase) Usage(quota string) resource.Quantity {
	var sum resource.Quantity
	for _, part := range p.Parts {
		sum.Add(part.Usage(quota))
	}
	return sum
}

// Unlimited reports whether a container of the phase has no limit for a resource, so that the sum of limits is no upper
// bound.
func (p Phase) Unlimited(name corev1.ResourceName) bool {
	return slices.ContainsFunc(p.Parts, func(part Part) bool { return part.Pods > 0 && part.Workload.Unlimited(name) })
}

// Largest returns the parts that use a quota, the largest first.
func (p Phase) Largest(quota string) []Part {
	var parts []Part
	for _, part := range p.Parts {
		if usage := part.Usage(quota); !usage.IsZero() {
			parts = append(parts, part)
		}
	}
	slices.SortStableFunc(parts, func(a, b Part) int {
		usage := b.Usage(quota)
		return usage.Cmp(a.Usage(quota))
	})
	return parts
}

// Usage returns how much of a quota the pods of the part use.
func (p Part) Usage(quota string) resource.Quantity {
	usage := p.Workload.Usage(quota).DeepCopy()
	usage.Mul(p.Pods)
	return usage
}

// Usage returns how much of a quota one pod uses.
func (p *Pod) Usage(quota string) resource.Quantity {
	if quota == "pods" || quota == "count/pods" {
		return *resource.NewQuantity(1, resource.DecimalSI)
	}
	bound, name := SplitQuota(quota)
	if bound == "limits" {
		return p.Limits[corev1.ResourceName(name)]
	}
	return p.Requests[corev1.ResourceName(name)]
}

// SplitQuota splits the name of a quota, such as limits.memory, into requests or limits and the resource. A resource
// alone stands for its requests, as in a ResourceQuota.
func SplitQuota(quota string) (bound, resource string) {
	for _, bound := range []string{"requests", "limits"} {
		if name, found := strings.CutPrefix(quota, bound+"."); found {
			return bound, name
		}
	}
	return "requests", quota
}
