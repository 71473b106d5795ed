package policy

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Resources are the bounds on what containers and whole releases request.
type Resources struct {
	// Required are the requests and limits that every container must have.
	Required Roles `yaml:"required,omitempty"`
	// MaxLimitRequestRatio is the maximum of limit ÷ request, by resource. 0 is no maximum.
	MaxLimitRequestRatio Ratios `yaml:"maxLimitRequestRatio,omitempty"`
	// Quota is the quota of the namespace, in the terms of a ResourceQuota's spec.hard.
	Quota Quota `yaml:"quota,omitempty"`
	// Nodes are the nodes that the release runs on.
	Nodes Nodes `yaml:"nodes,omitempty"`
	// CustomResources are the custom resources that create pods. A kind may be listed once for each of its pod templates.
	CustomResources []CustomResource `yaml:"customResources,omitempty"`
}

// DefaultResources returns the defaults: every container needs requests and limits for CPU and memory. The ratios
// follow no standard. They allow a start that takes several times the CPU of normal operation; the ratio for memory is
// lower, because a node that runs out of memory kills containers.
func DefaultResources() Resources {
	cpuAndMemory := Names{CPU: true, Memory: true}
	both := Bounds{Requests: cpuAndMemory, Limits: cpuAndMemory}
	return Resources{
		Required:             Roles{Main: both, Init: both, Sidecar: both, Hook: both, Test: both},
		MaxLimitRequestRatio: Ratios{"cpu": 10, "memory": 4},
		Nodes:                Nodes{Count: 1},
	}
}

// Roles are required bounds, by the role of the container in its release.
type Roles struct {
	// Main are the containers that run as long as their pod.
	Main Bounds `yaml:"main,omitempty"`
	// Init are the init containers.
	Init Bounds `yaml:"init,omitempty"`
	// Sidecar are the init containers with restartPolicy Always.
	Sidecar Bounds `yaml:"sidecar,omitempty"`
	// Hook are all containers of Helm hooks.
	Hook Bounds `yaml:"hook,omitempty"`
	// Test are all containers of Helm tests.
	Test Bounds `yaml:"test,omitempty"`
}

// Of returns the bounds required of a container of an object.
func (r Roles) Of(o *chart.Object, c chart.Container) Bounds {
	switch o.ReleaseRole(c) {
	case "init":
		return r.Init
	case "sidecar":
		return r.Sidecar
	case "hook":
		return r.Hook
	case "test":
		return r.Test
	}
	return r.Main
}

// Bounds are the resources for which a container must have a request or a limit.
type Bounds struct {
	// Requests are the resources that must have a request.
	Requests Names `yaml:"requests,omitempty"`
	// Limits are the resources that must have a limit.
	Limits Names `yaml:"limits,omitempty"`
}

// Of returns the names of the resources for a bound, "requests" or "limits".
func (b Bounds) Of(bound string) []string {
	if bound == "limits" {
		return b.Limits.list()
	}
	return b.Requests.list()
}

// Names selects resources that every container uses.
type Names struct {
	CPU              bool `yaml:"cpu"`
	Memory           bool `yaml:"memory"`
	EphemeralStorage bool `yaml:"ephemeralStorage"`
}

// list returns the Kubernetes names of the resources that are true.
func (n Names) list() []string {
	var names []string
	for _, r := range []struct {
		required bool
		name     string
	}{{n.CPU, "cpu"}, {n.Memory, "memory"}, {n.EphemeralStorage, "ephemeral-storage"}} {
		if r.required {
			names = append(names, r.name)
		}
	}
	return names
}

// Ratios are limit ÷ request, by resource.
type Ratios map[string]float64

// UnmarshalYAML reads ratios and merges them into the present ones. A ratio is at least 1, because a request cannot
// exceed its limit; 0 removes a maximum.
func (r *Ratios) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]float64{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	var mistakes []string
	for name, ratio := range given {
		if ratio != 0 && !(ratio >= 1) || math.IsInf(ratio, 0) { // NaN is not at least 1
			mistakes = append(mistakes, fmt.Sprintf("line %d: invalid ratio %v of %s: want at least 1, or 0 for no maximum",
				keyLine(n, name), ratio, name))
		}
	}
	if merged := maps.Clone(*r); merged != nil {
		maps.Copy(merged, given)
		given = merged
	}
	*r = given
	return typeError(mistakes)
}

func (Ratios) jsonSchema() map[string]any {
	ratio := map[string]any{"type": "number", "anyOf": []any{map[string]any{"const": 0}, map[string]any{"minimum": 1}}}
	return map[string]any{"type": "object", "additionalProperties": ratio}
}

// Quota are upper bounds on the sum of what all pods of a namespace request, by the name in a ResourceQuota's
// spec.hard.
type Quota map[string]Quantity

// UnmarshalYAML reads a quota. It rejects names that the linter cannot count.
func (q *Quota) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]Quantity{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	var mistakes []string
	for name := range given {
		if !CountsQuota(name) {
			mistakes = append(mistakes, fmt.Sprintf("line %d: cannot count the quota %q: want pods, requests.NAME, limits.NAME "+
				"or count/PLURAL.GROUP, such as requests.cpu or count/jobs.batch", keyLine(n, name), name))
		}
	}
	*q = given
	return typeError(mistakes)
}

// CountsQuota reports whether the use of a quota follows from the objects of a release: the requests and limits of its
// pods, the number of pods, and the number of objects of a kind. Storage is not counted.
func CountsQuota(name string) bool {
	switch name {
	case "cpu", "memory", "ephemeral-storage", "pods":
		return true
	case "requests.storage":
		return false
	}
	for _, prefix := range []string{"requests.", "limits.", "count/", "hugepages-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			return true
		}
	}
	return false
}

// Nodes are the nodes that a release runs on.
type Nodes struct {
	// Count is the number of nodes that run the pod of a DaemonSet. The default is 1.
	Count uint32 `yaml:"count,omitempty"`
	// Allocatable is what each node has for pods, in the terms of a Node's status.allocatable, such as cpu, memory, pods
	// or nvidia.com/gpu. A resource that is not listed is not limited.
	Allocatable map[string]Quantity `yaml:"allocatable,omitempty"`
}

// CustomResource locates the pod template in custom resources of a kind.
type CustomResource struct {
	// APIVersion is the group and version, such as kubeflow.org/v1.
	APIVersion string `yaml:"apiVersion" required:"true"`
	// Kind is the kind, such as PyTorchJob.
	Kind string `yaml:"kind" required:"true"`
	// Path is the path of the pod template or of the pod's spec: keys joined by dots, such as spec.template. [*] stands
	// for the items of a list, as in spec.workers[*].template.
	Path string `yaml:"path" required:"true"`
}

// UnmarshalYAML reads a custom resource. It rejects missing and unknown keys.
func (c *CustomResource) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]string{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	*c = CustomResource{APIVersion: given["apiVersion"], Kind: given["kind"], Path: given["path"]}
	if len(given) != 3 || c.APIVersion == "" || c.Kind == "" || c.Path == "" {
		return mistakef(n, "a custom resource has the keys apiVersion, kind and path, and no others")
	}
	return nil
}

// PodSpecs returns the specs of the pods that an object is or creates: for a kind of Kubernetes, the one of its pod
// template; for a custom resource, those at the configured paths. Other objects have none.
func (r Resources) PodSpecs(o *chart.Object) []chart.Node {
	if spec := o.PodSpec(); spec.Exists() {
		return []chart.Node{spec}
	}
	var specs []chart.Node
	for _, c := range r.CustomResources {
		if c.APIVersion != o.APIVersion || c.Kind != o.Kind {
			continue
		}
		for _, found := range follow(o.Node, c.Path) {
			if spec := found.Get("spec"); spec.Exists() {
				found = spec
			}
			specs = append(specs, found)
		}
	}
	return specs
}

// follow returns the values at a path, as [CustomResource] describes it.
func follow(from chart.Node, path string) []chart.Node {
	nodes := []chart.Node{from}
	for step := range strings.SplitSeq(path, ".") {
		key, isList := strings.CutSuffix(step, "[*]")
		var next []chart.Node
		for _, n := range nodes {
			n = n.Get(key)
			switch {
			case isList:
				next = slices.AppendSeq(next, n.Items())
			case n.Exists():
				next = append(next, n)
			}
		}
		nodes = next
	}
	return nodes
}

// Quantity is an amount of a resource, such as 4, 500m or 16Gi.
type Quantity struct{ resource.Quantity }

// UnmarshalYAML reads a quantity. It rejects negative ones.
func (q *Quantity) UnmarshalYAML(n *yaml.Node) error {
	parsed, ok := chart.ParseQuantity(n.Value)
	if n.Kind != yaml.ScalarNode || !ok {
		return mistakef(n, "invalid quantity %q: want a number with an optional unit, such as 4, 500m or 16Gi", n.Value)
	}
	q.Quantity = parsed
	return nil
}

// MarshalYAML returns the quantity in its canonical form.
func (q Quantity) MarshalYAML() (any, error) { return q.String(), nil }

func (Quantity) jsonSchema() map[string]any {
	return map[string]any{"type": []string{"string", "number"}}
}

// typeError returns an error that the decoder collects, or nil if there are no mistakes.
func typeError(mistakes []string) error {
	if len(mistakes) == 0 {
		return nil
	}
	slices.Sort(mistakes)
	return &yaml.TypeError{Errors: mistakes}
}

// keyLine returns the line of a key of a map.
func keyLine(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i].Line
		}
	}
	return n.Line
}
