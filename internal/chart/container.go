package chart

import "strings"

// Role is what a container is to its pod.
type Role string

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
	if !known || !podGroups[o.group()] {
		return Node{}
	}
	return o.Get(path...)
}

func (o *Object) group() string {
	group, _, named := strings.Cut(o.APIVersion, "/")
	if !named {
		return ""
	}
	return group
}

// Containers are the object's containers, in the order of the pod spec, init containers first.
func (o *Object) Containers() []Container {
	var found []Container
	spec := o.PodSpec()
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
