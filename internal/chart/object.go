package chart

import (
	"slices"
	"strings"
)

// Object is a rendered Kubernetes object.
type Object struct {
	Node
	APIVersion string
	Kind       string
	Name       string
}

// String returns the kind and the name, as in Deployment/python-orch; Job/migrate-* with a generated name, and
// ConfigMap (without a name) if there is none.
func (o *Object) String() string {
	if o.Name != "" {
		return o.Kind + "/" + o.Name
	}
	if prefix := o.Get("metadata", "generateName").Text(); prefix != "" {
		return o.Kind + "/" + prefix + "*"
	}
	return o.Kind + " (without a name)"
}

// Namespace returns the namespace that the object names, or that of the release. It does not know which kinds have no
// namespace.
func (o *Object) Namespace() string {
	if namespace := o.Get("metadata", "namespace").Text(); namespace != "" {
		return namespace
	}
	return o.Rendered().variant.releaseOrDefault().Namespace
}

// Group returns the API group of the object, such as apps; "" for the core group.
func (o *Object) Group() string {
	group, _, found := strings.Cut(o.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// podTemplates are the paths of the pod template in each kind that creates pods. A pod is its own template.
var podTemplates = map[string][]string{
	"Pod":                   {},
	"PodTemplate":           {"template"},
	"ReplicationController": {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"Deployment":            {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

// podGroups are the API groups of those kinds. A Job of another group is another kind.
var podGroups = []string{"", "apps", "batch", "extensions"}

func (o *Object) podTemplate() Node {
	path, known := podTemplates[o.Kind]
	if !known || !slices.Contains(podGroups, o.Group()) {
		return Node{}
	}
	return o.Get(path...)
}

// PodSpec returns the spec of the pod, or of the pods that the object creates; the zero Node for other kinds.
func (o *Object) PodSpec() Node { return o.podTemplate().Get("spec") }

// PodLabels returns the labels of the pod, or of the pods that the object creates; the zero Node for other kinds.
func (o *Object) PodLabels() Node { return o.podTemplate().Get("metadata", "labels") }

// PodAnnotations returns the annotations of the pod, or of the pods that the object creates; the zero Node for other
// kinds.
func (o *Object) PodAnnotations() Node { return o.podTemplate().Get("metadata", "annotations") }

// Containers returns the containers of the pod, or of the pods that the object creates, init containers first.
func (o *Object) Containers() []Container { return ContainersOf(o.PodSpec()) }

// Hook is the kind of Helm hook that an object is.
type Hook string

// The kinds of hooks.
const (
	NoHook        Hook = ""     // the object belongs to the release
	LifeCycleHook Hook = "hook" // it runs when a release is installed, upgraded, rolled back or deleted
	TestHook      Hook = "test" // it runs only when a release is tested
)

// Hook returns the kind of hook that the annotation helm.sh/hook declares.
func (o *Object) Hook() Hook {
	annotation := o.Get("metadata", "annotations", "helm.sh/hook").Text()
	if annotation == "" {
		return NoHook
	}
	tests := []string{"test", "test-success", "test-failure"} // Helm 2 had the last two; Helm 3 still runs test-success
	for event := range strings.SplitSeq(annotation, ",") {
		if !slices.Contains(tests, strings.ToLower(strings.TrimSpace(event))) {
			return LifeCycleHook
		}
	}
	return TestHook
}

// ReleaseRole returns the role of a container of the object in the release: hook or test for a hook, else main, init or
// sidecar.
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
