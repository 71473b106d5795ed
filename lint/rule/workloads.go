package rule

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/traderadmin/charts/internal/chart"
)

// workload is an object that is a pod or creates pods, with the labels of its pods.
type workload struct {
	*chart.Object
	labels labels.Set
}

// workloads indexes the workloads of a release. Those of tests are separate: many charts give a test pod the labels of
// the application, but it serves no requests.
type workloads struct {
	all         []*workload // in the order of the release
	tests       []*workload
	byNamespace map[string][]*workload
	byLabel     map[labelKey][]*workload
	byName      map[[2]string]*workload
	selected    map[[2]string][]*workload // results of selectedBy, by namespace and selector
	ports       map[[2]string]containerPorts
	custom      bool // the release has a custom resource, which may create pods too
}

// labelKey identifies a label of pods in a namespace.
type labelKey struct{ namespace, key, value string }

// workloadsOf returns the index of a pass. All rules share it.
func workloadsOf(p *Pass) *workloads {
	type key struct{}
	return chart.Once(p.Rendered, key{}, func() *workloads { return newWorkloads(p.Rendered.Objects) })
}

func newWorkloads(objects []*chart.Object) *workloads {
	ws := &workloads{
		byNamespace: map[string][]*workload{},
		byLabel:     map[labelKey][]*workload{},
		byName:      map[[2]string]*workload{},
		selected:    map[[2]string][]*workload{},
		ports:       map[[2]string]containerPorts{},
	}
	for _, o := range objects {
		ws.custom = ws.custom || isCustom(o)
		if o.PodSpec().Exists() && o.Kind != "PodTemplate" {
			ws.add(&workload{Object: o, labels: podLabels(o)})
		}
	}
	return ws
}

func (ws *workloads) add(w *workload) {
	if w.Hook() == chart.TestHook {
		ws.tests = append(ws.tests, w)
		return
	}
	ws.all = append(ws.all, w)
	namespace := w.Namespace()
	ws.byNamespace[namespace] = append(ws.byNamespace[namespace], w)
	ws.byName[[2]string{namespace, w.Name}] = w
	for key, value := range w.labels {
		label := labelKey{namespace, key, value}
		ws.byLabel[label] = append(ws.byLabel[label], w)
	}
}

func podLabels(o *chart.Object) labels.Set {
	set := labels.Set{}
	for key, value := range o.PodLabels().Entries() {
		set[key] = value.Text()
	}
	return set
}

// selectedBy returns the workloads of a namespace whose pods match a selector.
func (ws *workloads) selectedBy(namespace string, s labels.Selector) []*workload {
	key := [2]string{namespace, s.String()}
	found, known := ws.selected[key]
	if !known {
		for _, w := range ws.candidates(namespace, s) {
			if s.Matches(w.labels) {
				found = append(found, w)
			}
		}
		ws.selected[key] = found
	}
	return found
}

// portsOf returns the ports of the workloads that selectedBy returns.
func (ws *workloads) portsOf(namespace string, s labels.Selector) containerPorts {
	key := [2]string{namespace, s.String()}
	ports, known := ws.ports[key]
	if !known {
		ports = declaredPorts(ws.selectedBy(namespace, s))
		ws.ports[key] = ports
	}
	return ports
}

// selectsTest reports whether a selector matches the pods of a test in a namespace.
func (ws *workloads) selectsTest(namespace string, s labels.Selector) bool {
	return slices.ContainsFunc(ws.tests, func(w *workload) bool {
		return w.Namespace() == namespace && s.Matches(w.labels)
	})
}

// candidates returns the workloads that may match a selector: those with the rarest of its labels, or else all.
func (ws *workloads) candidates(namespace string, s labels.Selector) []*workload {
	fewest := ws.byNamespace[namespace]
	requirements, _ := s.Requirements()
	for _, r := range requirements {
		if value, ok := soleValue(r); ok {
			if with := ws.byLabel[labelKey{namespace, r.Key(), value}]; len(with) < len(fewest) {
				fewest = with
			}
		}
	}
	return fewest
}

// closest returns the workload that meets most requirements of a selector, and the requirements that it does not meet.
// It prefers the workload of the given name, then the first. It returns nil if no workload meets any requirement.
func (ws *workloads) closest(namespace, name string, s labels.Selector) (*workload, []labels.Requirement) {
	const most = 100 // candidates a label: to compare all workloads with every selector would be quadratic
	requirements, _ := s.Requirements()
	var candidates []*workload
	if namesake := ws.byName[[2]string{namespace, name}]; namesake != nil {
		candidates = append(candidates, namesake)
	}
	for _, r := range requirements {
		if value, ok := soleValue(r); ok {
			with := ws.byLabel[labelKey{namespace, r.Key(), value}]
			candidates = append(candidates, with[:min(len(with), most)]...)
		}
	}
	var best *workload
	unmet := requirements
	for _, w := range candidates {
		if missing := unmetBy(w.labels, requirements); len(missing) < len(unmet) {
			best, unmet = w, missing
		}
	}
	return best, unmet
}
