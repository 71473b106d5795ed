package rule

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/kubernetes/scheme"

	"github.com/traderadmin/charts/internal/chart"
)

// objectKey identifies an object. The version of the API is not part of it: all versions of a group serve the same
// objects.
type objectKey struct{ group, kind, namespace, name string }

func keyOf(o *chart.Object) objectKey {
	return objectKey{o.Group(), o.Kind, o.Namespace(), o.Name}.normalized()
}

// clusterScoped holds the kinds without a namespace that the rules look up. Some charts set a namespace nevertheless.
var clusterScoped = map[string]bool{"ClusterRole": true}

func (k objectKey) normalized() objectKey {
	if clusterScoped[k.kind] {
		k.namespace = ""
	}
	return k
}

func (k objectKey) String() string { return k.kind + "/" + k.name }

// release indexes the rendered objects, so that a reference is resolved without a scan of all of them.
type release struct {
	objects   map[objectKey]*chart.Object
	claims    map[objectKey]bool // volume claims of StatefulSets, without the ordinal of the pod
	creatable map[string]bool    // resources that a role of the release may create, such as secrets
	custom    map[string]bool    // names of the custom resources, and all texts in their specs
	similar   similarNames

	namespaces []string // of the objects, sorted
}

// releaseOf returns the index of a pass. All rules share it.
func releaseOf(p *Pass) *release {
	type key struct{}
	return chart.Once(p.Rendered, key{}, func() *release { return newRelease(p.Rendered.Objects) })
}

func newRelease(objects []*chart.Object) *release {
	r := &release{
		objects:   make(map[objectKey]*chart.Object, len(objects)),
		claims:    map[objectKey]bool{},
		creatable: map[string]bool{},
		custom:    map[string]bool{},
		similar:   similarNames{},
	}
	for _, o := range objects {
		r.objects[keyOf(o)] = o
		if at, known := slices.BinarySearch(r.namespaces, o.Namespace()); !known {
			r.namespaces = slices.Insert(r.namespaces, at, o.Namespace())
		}
		switch {
		case isCustom(o):
			r.addCustom(o)
		case o.Kind == "Role", o.Kind == "ClusterRole":
			r.addCreatable(o)
		case o.Kind == "StatefulSet":
			r.addClaims(o)
		}
	}
	return r
}

func (r *release) addCustom(o *chart.Object) {
	r.custom[o.Name] = true
	for text := range o.Get("spec").Texts() {
		r.custom[text] = true
	}
}

func (r *release) addCreatable(role *chart.Object) {
	for rule := range role.Get("rules").Items() {
		for verb := range rule.Get("verbs").Items() {
			if verb.Text() != "create" && verb.Text() != "*" {
				continue
			}
			for resource := range rule.Get("resources").Items() {
				r.creatable[resource.Text()] = true
			}
		}
	}
}

func (r *release) addClaims(statefulSet *chart.Object) {
	for claim := range statefulSet.Get("spec", "volumeClaimTemplates").Items() {
		name := claim.Get("metadata", "name").Text() + "-" + statefulSet.Name
		r.claims[objectKey{"", "PersistentVolumeClaim", statefulSet.Namespace(), name}] = true
	}
}

// isComplete reports whether every template rendered and no dependency is missing. If not, objects that others refer to
// may be absent.
func isComplete(p *Pass) bool {
	return len(p.Rendered.RenderFailures)+len(p.Rendered.ManifestFailures)+len(p.Chart.MissingDependencies()) == 0
}

// isCustom reports whether an object is a custom resource. Groups that end in k8s.io are reserved for Kubernetes and
// its extensions. A custom resource may have an operator that creates further objects.
func isCustom(o *chart.Object) bool {
	group := o.Group()
	return !scheme.Scheme.IsGroupRegistered(group) && !strings.HasSuffix(group, ".k8s.io")
}

// mayCreate reports whether the release may create an object at run time. A pod may, if a role allows it. An operator
// may, if a custom resource contains the object's name (as a Certificate does for its Secret) or a prefix of it (as a
// database does for its Services).
func (r *release) mayCreate(key objectKey) bool {
	if r.creatable["*"] || r.creatable[strings.ToLower(key.kind)+"s"] || r.custom[key.name] {
		return true
	}
	for i := range len(key.name) {
		if key.name[i] == '-' && r.custom[key.name[:i]] {
			return true
		}
	}
	return false
}

// contains reports whether the release contains an object, or Kubernetes creates it: the volume claim of a
// StatefulSet's pod, or the service account and root certificates of every namespace.
func (r *release) contains(key objectKey) bool {
	if r.objects[key.normalized()] != nil {
		return true
	}
	switch key.kind {
	case "ServiceAccount":
		return key.name == "default"
	case "ConfigMap":
		return key.name == "kube-root-ca.crt"
	case "PersistentVolumeClaim":
		key.name = key.name[:max(strings.LastIndexByte(key.name, '-'), 0)]
		return r.claims[key]
	}
	return false
}

// missing judges a reference to an object that the release does not contain: how likely it is a mistake, and why. The
// zero Severity means that the object may well exist in the cluster already, or be created later.
func (r *release) missing(key objectKey) (Severity, string) {
	if similar, found := r.similar.find(r, key.normalized()); found {
		return Error, fmt.Sprintf("; did you mean %s?", similar)
	}
	const reason = ", although it is named after the release"
	switch {
	case !chart.NamedAfterRelease(key.name), r.mayCreate(key):
		return 0, ""
	case key.kind == "Secret": // often created by hand, before the release
		return Warning, reason
	case len(r.custom) > 0: // an operator may create anything
		return Warning, reason
	}
	return Error, reason
}

func isTrue(n chart.Node) bool { return n.Text() == "true" }
