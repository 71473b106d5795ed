package chart

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Role is what a container is to its pod.
type Role string

// The roles of containers.
const (
	Main    Role = "container"
	Init    Role = "init container"
	Sidecar Role = "sidecar container" // a native one: an init container with restartPolicy Always
)

// Container is a container of a pod or of a pod template.
type Container struct {
	Node
	Role Role
	Name string
}

// podSpecs says where each kind that runs pods keeps the pod's spec.
var podSpecs = map[string][]string{
	"Pod":                   {"spec"},
	"PodTemplate":           {"template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"Deployment":            {"spec", "template", "spec"},
	"StatefulSet":           {"spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
}

// podGroups are the API groups of those kinds; a Job of another group is another thing.
var podGroups = map[string]bool{"": true, "apps": true, "batch": true, "extensions": true}

// PodSpec is the spec of the pods that the object is or makes; it does not exist for other objects.
func (o *Object) PodSpec() Node {
	path, known := podSpecs[o.Kind]
	if !known || !podGroups[o.Group()] {
		return Node{}
	}
	return o.Get(path...)
}

// Group is the API group of the object's kind, such as apps; empty for the core of Kubernetes.
func (o *Object) Group() string {
	group, _, named := strings.Cut(o.APIVersion, "/")
	if !named {
		return ""
	}
	return group
}

// Containers are the object's containers, in the order of the pod spec, init containers first.
func (o *Object) Containers() []Container { return ContainersOf(o.PodSpec()) }

// ContainersOf are the containers of a pod's spec, in its order, init containers first.
func ContainersOf(spec Node) []Container {
	var found []Container
	for c := range spec.Get("initContainers").Items() {
		role := Init
		if c.Get("restartPolicy").Text() == "Always" {
			role = Sidecar
		}
		found = append(found, Container{Node: c, Role: role, Name: c.Get("name").Text()})
	}
	for c := range spec.Get("containers").Items() {
		found = append(found, Container{Node: c, Role: Main, Name: c.Get("name").Text()})
	}
	return found
}

// Hook says whether and when Helm runs an object apart from the rest of the release.
type Hook string

// The kinds of hooks.
const (
	NoHook        Hook = ""     // the object is part of the release
	LifeCycleHook Hook = "hook" // it runs while a release is installed, upgraded, rolled back or deleted
	TestHook      Hook = "test" // it runs when a release is tested
)

// Hook reads the annotation helm.sh/hook. Several hooks may be named there: an object that runs at any other time than in
// tests is no test.
func (o *Object) Hook() Hook {
	annotation := o.Get("metadata", "annotations", "helm.sh/hook").Text()
	if annotation == "" {
		return NoHook
	}
	tests := []string{"test", "test-success", "test-failure"} // the last two are of Helm 2; Helm 3 still runs test-success
	for name := range strings.SplitSeq(annotation, ",") {
		if !slices.Contains(tests, strings.ToLower(strings.TrimSpace(name))) {
			return LifeCycleHook
		}
	}
	return TestHook
}

// ReleaseRole is what a container is to its release: main, init, sidecar, or whatever its place in the pod is, hook or test.
func (o *Object) ReleaseRole(c Container) string {
	if hook := o.Hook(); hook != NoHook {
		return string(hook)
	}
	switch c.Role {
	case Init:
		return "init"
	case Sidecar:
		return "sidecar"
	}
	return "main"
}

// Quantity is the value as an amount of a resource, as the API server reads it; false if it is none that the server takes.
func (n Node) Quantity() (resource.Quantity, bool) {
	text, ok := n.Scalar()
	if !ok {
		return resource.Quantity{}, false
	}
	return ParseQuantity(text)
}

// ParseQuantity reads an amount of a resource as the API server does; false if it is none that the server takes.
func ParseQuantity(text string) (resource.Quantity, bool) {
	if !measurable(text) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil && q.Sign() >= 0
}

// measurable refuses numbers so long that to compare them takes minutes: 1e2147483647 parses.
func measurable(text string) bool {
	const longest, largestExponent = 64, 64
	if len(text) > longest {
		return false
	}
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(text[i+1:])
	return !errors.Is(err, strconv.ErrRange) && math.Abs(float64(exponent)) <= largestExponent
}
