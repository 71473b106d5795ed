package budget

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// LimitRanges are what the LimitRange objects of a release say, by namespace.
type LimitRanges map[string]*limitRange

// limitRange is what holds in a namespace: of several LimitRanges the tightest bound, and the first default.
type limitRange struct {
	container, pod           bounds
	defaults, defaultRequest given
}

// bounds are those on one thing.
type bounds struct{ min, max, ratio given }

// given are quantities by resource, and the LimitRange that each is from.
type given map[corev1.ResourceName]quantityFrom

type quantityFrom struct {
	resource.Quantity
	from *chart.Object
}

// ReadLimitRanges reads the LimitRange objects among those of a release.
func ReadLimitRanges(objects []*chart.Object) LimitRanges {
	ranges := LimitRanges{}
	for _, o := range objects {
		if o.APIVersion != "v1" || o.Kind != "LimitRange" {
			continue
		}
		r := ranges[o.Namespace()]
		if r == nil {
			r = &limitRange{container: newBounds(), pod: newBounds(), defaults: given{}, defaultRequest: given{}}
			ranges[o.Namespace()] = r
		}
		for item := range o.Get("spec", "limits").Items() {
			r.read(o, item)
		}
	}
	return ranges
}

func newBounds() bounds { return bounds{min: given{}, max: given{}, ratio: given{}} }

// read takes in an item of a LimitRange's spec.limits. Those for volumes are not about pods.
func (r *limitRange) read(o *chart.Object, item chart.Node) {
	switch corev1.LimitType(item.Get("type").Text()) {
	case corev1.LimitTypePod:
		r.pod.read(o, item)
	case corev1.LimitTypeContainer:
		r.container.read(o, item)
		r.readDefaults(o, item)
	}
}

func (b bounds) read(o *chart.Object, item chart.Node) {
	const lower, higher = -1, 1
	b.min.tighten(o, quantities(item.Get("min")), higher)
	b.max.tighten(o, quantities(item.Get("max")), lower)
	b.ratio.tighten(o, quantities(item.Get("maxLimitRequestRatio")), lower)
}

// readDefaults reads defaults, which the API server completes: the limit from max, the request from that limit, else from min.
func (r *limitRange) readDefaults(o *chart.Object, item chart.Node) {
	limits, requests := quantities(item.Get("default")), quantities(item.Get("defaultRequest"))
	fill(limits, quantities(item.Get("max")))
	fill(requests, limits)
	fill(requests, quantities(item.Get("min")))
	r.defaults.complete(o, limits)
	r.defaultRequest.complete(o, requests)
}

// tighten takes what lies to a side of what is known, lower or higher.
func (g given) tighten(o *chart.Object, list corev1.ResourceList, side int) {
	for name, q := range list {
		if known, ok := g[name]; !ok || q.Cmp(known.Quantity) == side {
			g[name] = quantityFrom{Quantity: q, from: o}
		}
	}
}

// complete takes what is not known.
func (g given) complete(o *chart.Object, list corev1.ResourceList) {
	for name, q := range list {
		if _, known := g[name]; !known {
			g[name] = quantityFrom{Quantity: q, from: o}
		}
	}
}

// fill sets what a list does not have.
func fill(list, from corev1.ResourceList) {
	for name, q := range from {
		if _, set := list[name]; !set {
			list[name] = q
		}
	}
}

// Fills says whether a container of an object that does not name a resource under bound, requests or limits, is given it.
func (l LimitRanges) Fills(o *chart.Object, bound, resource string) bool {
	r := l[o.Namespace()]
	if r == nil {
		return false
	}
	from := r.defaults
	if bound == "requests" {
		from = r.defaultRequest
	}
	_, set := from[corev1.ResourceName(resource)]
	return set
}

// fill sets the requests and limits that a container of an object lacks.
func (l LimitRanges) fill(o *chart.Object, requests, limits corev1.ResourceList) {
	if len(l) == 0 {
		return
	}
	if r := l[o.Namespace()]; r != nil {
		r.defaults.fill(limits)
		r.defaultRequest.fill(requests)
	}
}

func (g given) fill(list corev1.ResourceList) {
	for name, q := range g {
		if _, set := list[name]; !set {
			list[name] = q.Quantity
		}
	}
}

// Violation is a way in which a pod breaks a LimitRange, which keeps the pod from being made.
type Violation struct {
	// Container breaks it; nil if the pod as a whole does.
	Container *Container
	// Node is the value that is out of bounds, or the closest to the one that is missing.
	Node chart.Node
	// Problem says what is wrong, to read after the name of the container or pod.
	Problem string
}

// Violations are the ways in which a pod breaks the LimitRanges. The checks are those of the API server's LimitRanger admission.
func (l LimitRanges) Violations(p *Pod) []Violation {
	r := l[p.Object.Namespace()]
	if r == nil {
		return nil
	}
	var found []Violation
	for i := range p.Containers {
		c := &p.Containers[i]
		r.container.check(c.Requests, c.Limits, func(bound string, name corev1.ResourceName, problem string) {
			found = append(found, Violation{Container: c, Node: c.place(bound, string(name)), Problem: problem})
		})
		found = append(found, r.defaultsTooLow(c)...)
	}
	r.pod.check(p.Requests, p.Limits, func(bound string, name corev1.ResourceName, problem string) {
		found = append(found, Violation{Node: p.Place(bound, string(name)), Problem: problem})
	})
	return found
}

// check reports each bound that requests and limits break, with the one of the two whose value is wrong.
func (b bounds) check(requests, limits corev1.ResourceList, report func(bound string, name corev1.ResourceName, problem string)) {
	for name, least := range b.min.sorted() {
		request, requested := requests[name]
		limit, limited := limits[name]
		switch {
		case !requested:
			report("requests", name, fmt.Sprintf("requests no %s, below the minimum of %s in %s", name, &least, least.from))
		case request.Cmp(least.Quantity) < 0:
			report("requests", name, fmt.Sprintf("requests %s of %s, below the minimum of %s in %s", &request, name, &least, least.from))
		case limited && limit.Cmp(least.Quantity) < 0:
			report("limits", name, fmt.Sprintf("has a limit of %s for %s, below the minimum of %s in %s", &limit, name, &least, least.from))
		}
	}
	for name, most := range b.max.sorted() {
		request, requested := requests[name]
		limit, limited := limits[name]
		switch {
		case !limited:
			report("limits", name, fmt.Sprintf("has no limit for %s, against the maximum of %s in %s", name, &most, most.from))
		case limit.Cmp(most.Quantity) > 0:
			report("limits", name, fmt.Sprintf("has a limit of %s for %s, above the maximum of %s in %s", &limit, name, &most, most.from))
		case requested && request.Cmp(most.Quantity) > 0:
			report("requests", name, fmt.Sprintf("requests %s of %s, above the maximum of %s in %s", &request, name, &most, most.from))
		}
	}
	for name, most := range b.ratio.sorted() {
		request, limit := requests[name], limits[name]
		switch {
		case request.IsZero() || limit.IsZero():
			report("limits", name, fmt.Sprintf("has no request and limit for %s whose ratio keeps to the maximum of %s in %s", name, &most, most.from))
		case Ratio(request, limit) > most.AsApproximateFloat64():
			report("limits", name, fmt.Sprintf("has a limit for %s of %.4g times its request, above the maximum of %s in %s", name, Ratio(request, limit), &most, most.from))
		}
	}
}

// defaultsTooLow are the requests of a container above the limit that a LimitRange gives it.
func (r *limitRange) defaultsTooLow(c *Container) []Violation {
	var found []Violation
	for name, limit := range r.defaults.sorted() {
		request := c.Requests[name]
		if c.Get("resources", "limits", string(name)).Exists() || request.Cmp(limit.Quantity) <= 0 {
			continue
		}
		found = append(found, Violation{
			Container: c,
			Node:      c.place("requests", string(name)),
			Problem:   fmt.Sprintf("requests %s of %s, above the limit of %s that %s gives it", &request, name, &limit, limit.from),
		})
	}
	return found
}

// sorted are the quantities by the name of their resource.
func (g given) sorted() func(func(corev1.ResourceName, quantityFrom) bool) {
	return func(yield func(corev1.ResourceName, quantityFrom) bool) {
		for _, name := range slices.SortedFunc(maps.Keys(g), cmp.Compare[corev1.ResourceName]) {
			if !yield(name, g[name]) {
				return
			}
		}
	}
}

// Ratio is limit ÷ request.
func Ratio(request, limit resource.Quantity) float64 {
	return limit.AsApproximateFloat64() / request.AsApproximateFloat64()
}
