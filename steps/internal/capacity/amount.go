package capacity

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// Amount is an amount of resources that pods request or nodes offer.
type Amount struct {
	CPU    int64 // millicores
	Memory int64 // bytes
	Pods   int64
}

// requestsOf returns the resources that the scheduler reserves for a pod. The API server may not have set defaults yet.
func requestsOf(spec corev1.PodSpec) Amount {
	pod := &corev1.Pod{Spec: *spec.DeepCopy()}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Resources.Requests = withDefaults(containers[i].Resources)
		}
	}
	requests := amountOf(resource.PodRequests(pod, resource.PodResourcesOptions{}))
	requests.Pods = 1
	return requests
}

func amountOf(list corev1.ResourceList) Amount {
	return Amount{CPU: list.Cpu().MilliValue(), Memory: list.Memory().Value(), Pods: list.Pods().Value()}
}

// withDefaults returns a container's requests. As in the API server, a limit is the default of the request.
func withDefaults(resources corev1.ResourceRequirements) corev1.ResourceList {
	requests := maps.Clone(resources.Limits)
	if requests == nil {
		return resources.Requests
	}
	maps.Copy(requests, resources.Requests)
	return requests
}

// minCPU is the least CPU, in millicores, that is reserved for a pod: starting, probing and stopping its containers
// takes CPU whatever it requests. The scheduler too scores a container without a CPU request as one that requests 100
// millicores (DefaultMilliCPURequest in pkg/scheduler/util/pod_resources.go).
const minCPU = 100

// toStart returns the amount for a pod that has yet to start.
func (a Amount) toStart() Amount { return a.max(Amount{CPU: minCPU}) }

func (a Amount) plus(b Amount) Amount {
	return Amount{a.CPU + b.CPU, a.Memory + b.Memory, a.Pods + b.Pods}
}

func (a Amount) minus(b Amount) Amount { return a.plus(b.times(-1)) }

func (a Amount) times(n int64) Amount { return Amount{a.CPU * n, a.Memory * n, a.Pods * n} }

// max returns the maximum of each resource.
func (a Amount) max(b Amount) Amount {
	return Amount{max(a.CPU, b.CPU), max(a.Memory, b.Memory), max(a.Pods, b.Pods)}
}

// fits reports whether room has enough of each resource. CPU and memory that are not requested fit even if room is
// negative.
func (a Amount) fits(room Amount) bool {
	return (a.CPU == 0 || a.CPU <= room.CPU) && (a.Memory == 0 || a.Memory <= room.Memory) && a.Pods <= room.Pods
}
