package rule

import (
	"fmt"
	"iter"
	"strings"

	"github.com/agext/levenshtein"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/traderadmin/charts/internal/chart"
)

// objectKey is what tells an object from all others. The versions of an API group serve the same objects.
type objectKey struct{ group, kind, namespace, name string }

func keyOf(o *chart.Object) objectKey {
	return objectKey{o.Group(), o.Kind, o.Namespace(), o.Name}.normal()
}

// clusterWide are the kinds without a namespace that the rules look up: some charts give them one all the same.
var clusterWide = map[string]bool{"ClusterRole": true}

func (k objectKey) normal() objectKey {
	if clusterWide[k.kind] {
		k.namespace = ""
	}
	return k
}

func (k objectKey) String() string { return k.kind + "/" + k.name }

// release is an index of the rendered objects, in which they find what they refer to without looking through all of them.
type release struct {
	objects map[objectKey]*chart.Object
	claims  map[objectKey]bool // volume claims of StatefulSets, without the pod's number
	creates map[string]bool    // resources that roles of the release may create, such as secrets
	custom  map[string]bool    // names and texts of the objects that are of none of Kubernetes' own groups

	misspellings map[string]map[objectKey][]objectKey // by kind, see twin
}

// releaseOf is the index of a pass, made once for all rules.
func releaseOf(p *Pass) *release {
	type key struct{}
	return chart.Once(p.Rendered, key{}, func() *release { return newRelease(p) })
}

func newRelease(p *Pass) *release {
	r := &release{
		objects: make(map[objectKey]*chart.Object, len(p.Rendered.Objects)),
		claims:  map[objectKey]bool{},
		creates: map[string]bool{},
		custom:  map[string]bool{},

		misspellings: map[string]map[objectKey][]objectKey{},
	}
	for _, o := range p.Rendered.Objects {
		r.objects[keyOf(o)] = o
		switch {
		case isCustom(o):
			r.custom[o.Name] = true
			for text := range o.Get("spec").Texts() {
				r.custom[text] = true
			}
		case o.Kind == "Role", o.Kind == "ClusterRole":
			r.addCreates(o)
		case o.Kind == "StatefulSet":
			for claim := range o.Get("spec", "volumeClaimTemplates").Items() {
				r.claims[objectKey{"", "PersistentVolumeClaim", o.Namespace(), claim.Get("metadata", "name").Text() + "-" + o.Name}] = true
			}
		}
	}
	return r
}

// isComplete says whether all that the chart renders is there to be judged. Where a template fails, objects are missing that
// others refer to.
func isComplete(p *Pass) bool {
	return len(p.Rendered.RenderFailures)+len(p.Rendered.ManifestFailures) == 0
}

// isCustom says whether an object is of none of Kubernetes' own API groups, those of its extensions included, whose suffix is
// reserved for it. Behind such an object is often an operator, which makes others.
func isCustom(o *chart.Object) bool {
	group := o.Group()
	return !scheme.Scheme.IsGroupRegistered(group) && !strings.HasSuffix(group, ".k8s.io")
}

func (r *release) addCreates(role *chart.Object) {
	for rule := range role.Get("rules").Items() {
		for verb := range rule.Get("verbs").Items() {
			if verb.Text() != "create" && verb.Text() != "*" {
				continue
			}
			for resource := range rule.Get("resources").Items() {
				r.creates[resource.Text()] = true
			}
		}
	}
}

// mayMake says whether something in the release may make an object when it runs: its pods, if a role lets them, or an operator, if a
// custom resource names the object, as a Certificate does its Secret, or gives it the first part of its name, as a database
// does its Services.
func (r *release) mayMake(key objectKey) bool {
	if r.creates["*"] || r.creates[strings.ToLower(key.kind)+"s"] || r.custom[key.name] {
		return true
	}
	for i := range len(key.name) {
		if key.name[i] == '-' && r.custom[key.name[:i]] {
			return true
		}
	}
	return false
}

// has says whether the release makes an object, or Kubernetes does for it: the volume claim of a StatefulSet's pod, the service
// account and the certificates that every namespace has.
func (r *release) has(key objectKey) bool {
	if r.objects[key.normal()] != nil {
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

// suspicion is how certain it is that an object which the release refers to and does not make is missing, and the reason. It
// may well be in the cluster already, or be made later: that is the zero Severity. Not so if the chart names it after the
// release, or makes an object of almost the same name.
func (r *release) suspicion(key objectKey) (Severity, string) {
	if twin, ok := r.twin(key.normal()); ok {
		return Error, fmt.Sprintf("; it does make %s", twin)
	}
	const reason = ", though it bears the release's name"
	switch {
	case !chart.NamedAfterRelease(key.name), r.mayMake(key):
		return 0, ""
	case key.kind == "Secret", len(r.custom) > 0: // people make secrets by hand, before the release; operators make anything
		return Warning, reason
	}
	return Error, reason
}

// twin is an object of the release whose name differs from the given one as if misspelt. Names are found by what is left
// of them without one of their letters, which two that differ in one letter share.
func (r *release) twin(key objectKey) (objectKey, bool) {
	misspellings, known := r.misspellings[key.kind]
	if !known {
		misspellings = r.misspell(key.kind)
		r.misspellings[key.kind] = misspellings
	}
	var found objectKey
	for left := range shortened(key) {
		for _, known := range misspellings[left] {
			if misspelt(key.name, known.name) && (found.name == "" || known.name < found.name) {
				found = known
			}
		}
	}
	return found, found.name != ""
}

func (r *release) misspell(kind string) map[objectKey][]objectKey {
	misspellings := map[objectKey][]objectKey{}
	for known := range r.objects {
		if known.kind != kind {
			continue
		}
		for left := range shortened(known) {
			misspellings[left] = append(misspellings[left], known)
		}
	}
	return misspellings
}

// shortened are a key as it is and with each letter of the name left out.
func shortened(key objectKey) iter.Seq[objectKey] {
	return func(yield func(objectKey) bool) {
		if !yield(key) {
			return
		}
		for i, name := 0, key.name; i < len(name); i++ {
			key.name = name[:i] + name[i+1:]
			if !yield(key) {
				return
			}
		}
	}
}

// misspelt says whether two names are likely to be meant as one: they differ in a single letter. In a short part, or by a digit,
// that is how the objects of a row are told apart: shard-a and shard-b, cache-1 and cache-2.
func misspelt(a, b string) bool {
	const shortest, mistakes = 4, 1
	if levenshtein.Distance(a, b, levenshtein.NewParams().MaxCost(mistakes)) > mistakes {
		return false
	}
	parts, others := strings.Split(a, "-"), strings.Split(b, "-")
	if len(parts) != len(others) {
		return true
	}
	for i := range parts {
		if parts[i] != others[i] {
			return min(len(parts[i]), len(others[i])) >= shortest && withoutDigits(parts[i]) != withoutDigits(others[i])
		}
	}
	return false // the same name
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}

func isTrue(n chart.Node) bool { return n.Text() == "true" }
