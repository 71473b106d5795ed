package budget

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Pod is one pod of an object, with the defaults that the API server and the LimitRanges of the release set.
type Pod struct {
	Object     *chart.Object
	Spec       chart.Node
	Containers []Container
	// Requests and Limits are those of the whole pod, as the scheduler and a quota count them.
	Requests, Limits corev1.ResourceList
}

// Container is a container with its requests and limits.
type Container struct {
	chart.Container
	Requests, Limits corev1.ResourceList
}

// newPod returns the pod that an object creates from a pod spec.
func newPod(o *chart.Object, spec chart.Node, ranges LimitRanges) Pod {
	pod := Pod{Object: o, Spec: spec}
	for _, c := range chart.ContainersOf(spec) {
		requests, limits := resources(c.Get("resources"))
		ranges.setDefaults(o, requests, limits)
		pod.Containers = append(pod.Containers, Container{Container: c, Requests: requests, Limits: limits})
	}
	typed := pod.typed()
	pod.Requests = resourcehelper.PodRequests(typed, resourcehelper.PodResourcesOptions{})
	pod.Limits = resourcehelper.PodLimits(typed, resourcehelper.PodResourcesOptions{})
	return pod
}

// typed returns a pod of the Kubernetes API with the same requests and limits.
func (p *Pod) typed() *corev1.Pod {
	pod := new(corev1.Pod)
	for _, c := range p.Containers {
		container := corev1.Container{
			Resources: corev1.ResourceRequirements{Requests: c.Requests, Limits: c.Limits},
		}
		switch c.Role {
		case chart.Main:
			pod.Spec.Containers = append(pod.Spec.Containers, container)
		case chart.Sidecar:
			container.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
			fallthrough
		case chart.Init:
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, container)
		}
	}
	pod.Spec.Overhead = quantities(p.Spec.Get("overhead"))
	inContainers := resourcehelper.AggregateContainerRequests(pod, resourcehelper.PodResourcesOptions{})
	pod.Spec.Resources = podLevelResources(p.Spec.Get("resources"), inContainers)
	return pod
}

// podLevelResources returns the requests and limits of a pod as a whole, with the defaults of the API server: a request
// that neither the pod nor its containers set is the pod's limit. See
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification.
func podLevelResources(n chart.Node, inContainers corev1.ResourceList) *corev1.ResourceRequirements {
	requests, limits := quantities(n.Get("requests")), quantities(n.Get("limits"))
	for name, limit := range limits {
		_, inContainer := inContainers[name]
		if _, set := requests[name]; !set && (!inContainer || isHugePages(name)) {
			requests[name] = limit.DeepCopy()
		}
	}
	return &corev1.ResourceRequirements{Requests: requests, Limits: limits}
}

func isHugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// Unlimited reports whether a container of the pod may use as much of a resource as the node has.
func (p *Pod) Unlimited(name corev1.ResourceName) bool {
	if p.Spec.Get("resources", "limits", string(name)).Exists() {
		return false
	}
	return slices.ContainsFunc(p.Containers, func(c Container) bool {
		_, limited := c.Limits[name]
		return !limited
	})
}

// Source returns the value that contributes most to the pod's requests or limits for a resource: that of the pod as a
// whole, or of its largest container. If no such value is set, it returns the closest parent.
func (p *Pod) Source(bound, resource string) chart.Node {
	if whole := p.Spec.Get("resources", bound, resource); whole.Exists() || len(p.Containers) == 0 {
		return p.Spec.Closest("resources", bound, resource)
	}
	largest := &p.Containers[0]
	for i := range p.Containers {
		if c := &p.Containers[i]; c.amount(bound, resource).Cmp(*largest.amount(bound, resource)) > 0 {
			largest = c
		}
	}
	return largest.source(bound, resource)
}

// source returns the value of a resource under requests or limits, or the closest parent if it is not set. A request
// that is not set comes from the limit.
func (c *Container) source(bound, resource string) chart.Node {
	limit := c.Get("resources", "limits", resource)
	if bound == "requests" && limit.Exists() && !c.Get("resources", "requests", resource).Exists() {
		return limit
	}
	return c.Closest("resources", bound, resource)
}

func (c *Container) amount(bound, name string) *resource.Quantity {
	q := boundOf(bound, c.Requests, c.Limits)[corev1.ResourceName(name)]
	return &q
}

func boundOf(bound string, requests, limits corev1.ResourceList) corev1.ResourceList {
	if bound == "limits" {
		return limits
	}
	return requests
}

// resources reads requests and limits. Like the API server, it sets a missing request to the limit.
func resources(n chart.Node) (requests, limits corev1.ResourceList) {
	requests, limits = quantities(n.Get("requests")), quantities(n.Get("limits"))
	setMissing(requests, limits)
	return requests, limits
}

// quantities reads a map of quantities. It skips invalid ones, which the API server rejects.
func quantities(n chart.Node) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, value := range n.Entries() {
		if q, ok := value.Quantity(); ok {
			list[corev1.ResourceName(name)] = q
		}
	}
	return list
}

// setMissing adds to a list the entries of defaults that it does not have.
func setMissing(list, defaults corev1.ResourceList) {
	for name, q := range defaults {
		if _, set := list[name]; !set {
			list[name] = q
		}
	}
}
