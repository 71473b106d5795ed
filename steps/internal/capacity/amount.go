package capacity

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// Amount is what pods request, or nodes have for them.
type Amount struct {
	CPU    int64 // thousandths of a core
	Memory int64 // bytes
	Pods   int64
}

// ofPod is what the scheduler sets aside for a pod, which the API server may not have seen yet.
func ofPod(spec corev1.PodSpec) Amount {
	pod := &corev1.Pod{Spec: *spec.DeepCopy()}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Resources.Requests = requested(containers[i].Resources)
		}
	}
	held := amount(resource.PodRequests(pod, resource.PodResourcesOptions{}))
	held.Pods = 1
	return held
}

func amount(of corev1.ResourceList) Amount {
	return Amount{CPU: of.Cpu().MilliValue(), Memory: of.Memory().Value(), Pods: of.Pods().Value()}
}

// requested is what the API server has a container request: its limit, where it requests nothing.
func requested(of corev1.ResourceRequirements) corev1.ResourceList {
	requests := maps.Clone(of.Limits)
	if requests == nil {
		return of.Requests
	}
	maps.Copy(requests, of.Requests)
	return requests
}

// leastCPU is what a pod counts for that requests less: to start one, check it and stop it costs CPU, whatever it requests. The scheduler, too, where it compares nodes, takes a container
// that requests none for one of a tenth of a core.
const leastCPU = 100

// toStart is what a pod takes that is yet to start.
func (a Amount) toStart() Amount { return a.max(Amount{CPU: leastCPU}) }

func (a Amount) plus(b Amount) Amount {
	return Amount{a.CPU + b.CPU, a.Memory + b.Memory, a.Pods + b.Pods}
}

func (a Amount) minus(b Amount) Amount { return a.plus(b.times(-1)) }

func (a Amount) times(n int64) Amount { return Amount{a.CPU * n, a.Memory * n, a.Pods * n} }

// max is the larger of both, each resource by itself.
func (a Amount) max(b Amount) Amount {
	return Amount{max(a.CPU, b.CPU), max(a.Memory, b.Memory), max(a.Pods, b.Pods)}
}

// fits says whether room has a of every resource that a wants.
func (a Amount) fits(room Amount) bool {
	return (a.CPU == 0 || a.CPU <= room.CPU) && (a.Memory == 0 || a.Memory <= room.Memory) && a.Pods <= room.Pods
}
