package budget

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

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
	pod.Requests = effective(pod.Containers, func(c Container) corev1.ResourceList { return c.Requests })
	pod.Limits = effective(pod.Containers, func(c Container) corev1.ResourceList { return c.Limits })
	pod.level()
	pod.overhead()
	return pod
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

// effective is what the containers of a pod take together at the most. Init containers run one after another before all others,
// each beside the sidecars that were started before it; then sidecars and main containers run together.
// See https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers.
func effective(containers []Container, of func(Container) corev1.ResourceList) corev1.ResourceList {
	running, sidecars, starting := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for _, c := range containers {
		switch c.Role {
		case chart.Init:
			beside := of(c).DeepCopy()
			add(beside, sidecars)
			raise(starting, beside)
		case chart.Sidecar:
			add(sidecars, of(c))
			add(running, of(c))
			raise(starting, sidecars)
		default:
			add(running, of(c))
		}
	}
	raise(running, starting)
	return running
}

// level puts what the pod asks for as a whole, where it does, in the place of what its containers ask for. Without a request,
// that is what the containers request, or the pod's limit if they request nothing.
// See https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification.
func (p *Pod) level() {
	of := p.Spec.Get("resources")
	for name, limit := range quantities(of.Get("limits")) {
		if !podLevel(name) {
			continue
		}
		p.Limits[name] = limit
		if _, requested := p.Requests[name]; !requested || hugePages(name) {
			p.Requests[name] = limit
		}
	}
	for name, request := range quantities(of.Get("requests")) {
		if podLevel(name) {
			p.Requests[name] = request
		}
	}
}

// podLevel says whether a pod as a whole can ask for a resource.
func podLevel(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || hugePages(name)
}

func hugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// overhead adds what the pod's sandbox takes. It widens a limit, but does not make one.
func (p *Pod) overhead() {
	overhead := quantities(p.Spec.Get("overhead"))
	add(p.Requests, overhead)
	for name, q := range overhead {
		if limit := p.Limits[name]; !limit.IsZero() {
			limit.Add(q)
			p.Limits[name] = limit
		}
	}
}

func add(sum, more corev1.ResourceList) {
	for name, q := range more {
		total := sum[name].DeepCopy()
		total.Add(q)
		sum[name] = total
	}
}

func raise(list, atLeast corev1.ResourceList) {
	for name, q := range atLeast {
		if known, ok := list[name]; !ok || q.Cmp(known) > 0 {
			list[name] = q
		}
	}
}

// times is a quantity that many pods ask for.
func times(q resource.Quantity, pods int64) resource.Quantity {
	product := q.DeepCopy()
	product.Mul(pods)
	return product
}
