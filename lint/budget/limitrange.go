package budget

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// LimitRanges holds the LimitRange objects of a release by namespace. They are combined: of several bounds the tightest
// applies, of several defaults the first.
type LimitRanges map[string]*limitRange

type limitRange struct {
	container, pod           bounds
	defaults, defaultRequest settings
}

// bounds are the bounds for each container, or for each pod.
type bounds struct{ min, max, ratio settings }

// settings are quantities by resource.
type settings map[corev1.ResourceName]setting

// setting is a quantity, and the LimitRange that sets it.
type setting struct {
	resource.Quantity
	from *chart.Object
}

// ReadLimitRanges reads the LimitRanges among the objects of a release.
func ReadLimitRanges(objects []*chart.Object) LimitRanges {
	ranges := LimitRanges{}
	for _, o := range objects {
		if o.APIVersion != "v1" || o.Kind != "LimitRange" {
			continue
		}
		r := ranges[o.Namespace()]
		if r == nil {
			r = &limitRange{container: newBounds(), pod: newBounds(), defaults: settings{}, defaultRequest: settings{}}
			ranges[o.Namespace()] = r
		}
		for item := range o.Get("spec", "limits").Items() {
			r.read(o, item)
		}
	}
	return ranges
}

func newBounds() bounds { return bounds{min: settings{}, max: settings{}, ratio: settings{}} }

// read adds an item of spec.limits. Items for volume claims do not concern pods.
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
	b.min.add(o, quantities(item.Get("min")), larger)
	b.max.add(o, quantities(item.Get("max")), smaller)
	b.ratio.add(o, quantities(item.Get("maxLimitRequestRatio")), smaller)
}

// readDefaults adds the defaults of an item, completed as SetDefaults_LimitRangeItem of the API server does: the
// default limit is max; the default request is the default limit, or else min.
func (r *limitRange) readDefaults(o *chart.Object, item chart.Node) {
	limits, requests := quantities(item.Get("default")), quantities(item.Get("defaultRequest"))
	setMissing(limits, quantities(item.Get("max")))
	setMissing(requests, limits)
	setMissing(requests, quantities(item.Get("min")))
	r.defaults.add(o, limits, never)
	r.defaultRequest.add(o, requests, never)
}

// add adds the quantities of a LimitRange. A quantity that is set already is replaced only if replaces is true.
func (s settings) add(o *chart.Object, list corev1.ResourceList, replaces func(a, b resource.Quantity) bool) {
	for name, q := range list {
		if known, ok := s[name]; !ok || replaces(q, known.Quantity) {
			s[name] = setting{Quantity: q, from: o}
		}
	}
}

func larger(a, b resource.Quantity) bool  { return a.Cmp(b) > 0 }
func smaller(a, b resource.Quantity) bool { return a.Cmp(b) < 0 }
func never(_, _ resource.Quantity) bool   { return false }

// quantities returns the settings without their LimitRanges.
func (s settings) quantities() corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, set := range s {
		list[name] = set.Quantity
	}
	return list
}

// HasDefault reports whether a LimitRange sets a default for a resource under requests or limits in the containers of
// an object.
func (l LimitRanges) HasDefault(o *chart.Object, bound, resource string) bool {
	r := l[o.Namespace()]
	if r == nil {
		return false
	}
	defaults := r.defaults
	if bound == "requests" {
		defaults = r.defaultRequest
	}
	_, set := defaults[corev1.ResourceName(resource)]
	return set
}

// setDefaults sets the requests and limits that a container of an object does not set.
func (l LimitRanges) setDefaults(o *chart.Object, requests, limits corev1.ResourceList) {
	if r := l[o.Namespace()]; r != nil {
		setMissing(limits, r.defaults.quantities())
		setMissing(requests, r.defaultRequest.quantities())
	}
}
