package budget

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Pod is what one pod of an object asks for, as the API server stores it: with what it fills in, and what the LimitRanges of the
// release fill in.
type Pod struct {
	Object     *chart.Object
	Spec       chart.Node
	Containers []Container
	// Requests and Limits are those of the whole pod, as the scheduler and a quota count them.
	Requests, Limits corev1.ResourceList
}

// Container is a container and what it asks for. A request that is not there equals the limit.
type Container struct {
	chart.Container
	Requests, Limits corev1.ResourceList
}

// newPod reads the pods that a spec of an object describes.
func newPod(o *chart.Object, spec chart.Node, ranges LimitRanges) Pod {
	pod := Pod{Object: o, Spec: spec}
	for _, c := range chart.ContainersOf(spec) {
		requests, limits := resources(c.Get("resources"))
		ranges.fill(o, requests, limits)
		pod.Containers = append(pod.Containers, Container{Container: c, Requests: requests, Limits: limits})
	}
	whole := pod.whole()
	pod.Requests = resourcehelper.PodRequests(whole, resourcehelper.PodResourcesOptions{})
	pod.Limits = resourcehelper.PodLimits(whole, resourcehelper.PodResourcesOptions{})
	return pod
}

// whole is a pod of Kubernetes that asks for the same.
func (p *Pod) whole() *corev1.Pod {
	whole := new(corev1.Pod)
	for _, c := range p.Containers {
		container := corev1.Container{Resources: corev1.ResourceRequirements{Requests: c.Requests, Limits: c.Limits}}
		switch c.Role {
		case chart.Main:
			whole.Spec.Containers = append(whole.Spec.Containers, container)
		case chart.Sidecar:
			container.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
			fallthrough
		case chart.Init:
			whole.Spec.InitContainers = append(whole.Spec.InitContainers, container)
		}
	}
	whole.Spec.Overhead = quantities(p.Spec.Get("overhead"))
	whole.Spec.Resources = level(p.Spec.Get("resources"), resourcehelper.AggregateContainerRequests(whole, resourcehelper.PodResourcesOptions{}))
	return whole
}

// level is what a pod asks for as a whole, as the API server stores it. Without a request, that is what the containers request, or the pod's limit if they
// request nothing.
// See https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification.
func level(of chart.Node, containers corev1.ResourceList) *corev1.ResourceRequirements {
	requests, limits := quantities(of.Get("requests")), quantities(of.Get("limits"))
	for name, limit := range limits {
		_, requested := containers[name]
		if _, set := requests[name]; !set && (!requested || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)) {
			requests[name] = limit.DeepCopy()
		}
	}
	return &corev1.ResourceRequirements{Requests: requests, Limits: limits}
}

// Unlimited says whether one of the pod's containers may take as much of a resource as the node has.
func (p *Pod) Unlimited(name corev1.ResourceName) bool {
	if p.Spec.Get("resources", "limits", string(name)).Exists() {
		return false
	}
	return slices.ContainsFunc(p.Containers, func(c Container) bool {
		_, limited := c.Limits[name]
		return !limited
	})
}

// Place is the value that decides most of what the pod asks for of a resource, under requests or limits as bound says: that of
// the pod as a whole, or of the container that asks for most.
func (p *Pod) Place(bound, resource string) chart.Node {
	if whole := p.Spec.Get("resources", bound, resource); whole.Exists() || len(p.Containers) == 0 {
		return p.Spec.Closest("resources", bound, resource)
	}
	largest := &p.Containers[0]
	for i := range p.Containers {
		if c := &p.Containers[i]; c.amount(bound, resource).Cmp(*largest.amount(bound, resource)) > 0 {
			largest = c
		}
	}
	return largest.place(bound, resource)
}

// place is the value of a resource under requests or limits, or the closest to the one that is missing. What is not requested
// follows from the limit.
func (c *Container) place(bound, resource string) chart.Node {
	if limit := c.Get("resources", "limits", resource); bound == "requests" && limit.Exists() && !c.Get("resources", bound, resource).Exists() {
		return limit
	}
	return c.Closest("resources", bound, resource)
}

func (c *Container) amount(bound, name string) *resource.Quantity {
	list := c.Requests
	if bound == "limits" {
		list = c.Limits
	}
	q := list[corev1.ResourceName(name)]
	return &q
}

// resources reads requests and limits. A request that is not set is the limit, as the API server sets it. What is no quantity is
// left out: the server refuses it.
func resources(n chart.Node) (requests, limits corev1.ResourceList) {
	requests, limits = quantities(n.Get("requests")), quantities(n.Get("limits"))
	for name, limit := range limits {
		if _, set := requests[name]; !set {
			requests[name] = limit
		}
	}
	return requests, limits
}

func quantities(n chart.Node) corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, value := range n.Entries() {
		if q, ok := value.Quantity(); ok {
			list[corev1.ResourceName(name)] = q
		}
	}
	return list
}

// times is a quantity that many pods ask for.
func times(q resource.Quantity, pods int64) resource.Quantity {
	product := q.DeepCopy()
	product.Mul(pods)
	return product
}
