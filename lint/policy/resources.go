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

// Resources is what a team asks of the resources of containers, and of what a release as a whole asks for.
type Resources struct {
	// Required says which requests and limits a container must have.
	Required Roles `yaml:"required,omitempty"`
	// MaxLimitRequestRatio is how many times its request a limit may be, at most, by resource. 0 is no maximum.
	MaxLimitRequestRatio Ratios `yaml:"maxLimitRequestRatio,omitempty"`
	// Quota is what the namespace grants, in the terms of a ResourceQuota's spec.hard. What is not named is not bounded.
	Quota Quota `yaml:"quota,omitempty"`
	// Nodes are the nodes that the release runs on.
	Nodes Nodes `yaml:"nodes,omitempty"`
	// CustomResources are the custom resources that make pods. A kind may be named several times, for several templates.
	CustomResources []CustomResource `yaml:"customResources,omitempty"`
}

// DefaultResources is what holds unless a configuration says otherwise: cpu and memory are required of every container. The
// ratios are no one's standard. They leave room for a start that needs several times the cpu of a quiet hour; memory that was
// promised and is not there kills, so there it is less.
func DefaultResources() Resources {
	cpuAndMemory := Names{CPU: true, Memory: true}
	both := Bounds{Requests: cpuAndMemory, Limits: cpuAndMemory}
	return Resources{
		Required:             Roles{Main: both, Init: both, Sidecar: both, Hook: both, Test: both},
		MaxLimitRequestRatio: Ratios{"cpu": 10, "memory": 4},
		Nodes:                Nodes{Count: 1},
	}
}

// Roles are the bounds required of containers, by what they are to their release.
type Roles struct {
	Main    Bounds `yaml:"main,omitempty"`
	Init    Bounds `yaml:"init,omitempty"`
	Sidecar Bounds `yaml:"sidecar,omitempty"` // native: an init container with restartPolicy Always
	Hook    Bounds `yaml:"hook,omitempty"`    // every container of an object that Helm runs as a hook
	Test    Bounds `yaml:"test,omitempty"`    // every container of an object that Helm runs as a test
}

// Of are the bounds required of a container of an object.
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

// Bounds are the two ends of what a container asks for.
type Bounds struct {
	Requests Names `yaml:"requests,omitempty"`
	Limits   Names `yaml:"limits,omitempty"`
}

// Of are the names under requests or limits, whichever bound says.
func (b Bounds) Of(bound string) []string {
	if bound == "limits" {
		return b.Limits.list()
	}
	return b.Requests.list()
}

// Names are switches for the resources that every container uses.
type Names struct {
	CPU              bool `yaml:"cpu"`
	Memory           bool `yaml:"memory"`
	EphemeralStorage bool `yaml:"ephemeralStorage"`
}

// list is what is switched on, as Kubernetes names it.
func (n Names) list() []string {
	var names []string
	for _, s := range []struct {
		on   bool
		name string
	}{{n.CPU, "cpu"}, {n.Memory, "memory"}, {n.EphemeralStorage, "ephemeral-storage"}} {
		if s.on {
			names = append(names, s.name)
		}
	}
	return names
}

// Ratios are limit ÷ request, by resource.
type Ratios map[string]float64

// UnmarshalYAML adds the ratios of a configuration to those that hold already. No ratio can be below 1, for no request is above
// its limit; 0 takes a maximum away.
func (r *Ratios) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]float64{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	var mistakes []string
	for name, ratio := range given {
		if ratio != 0 && !(ratio >= 1) || math.IsInf(ratio, 0) {
			mistakes = append(mistakes, fmt.Sprintf("line %d: the ratio of %s is %v: want 1 or more, or 0 for no maximum", keyLine(n, name), name, ratio))
		}
	}
	if merged := maps.Clone(*r); merged != nil {
		maps.Copy(merged, given)
		given = merged
	}
	*r = given
	return typeError(mistakes)
}

// Quota is a bound on the sum of what all pods of a namespace ask for, by the name it has in a ResourceQuota's spec.hard.
type Quota map[string]Quantity

// UnmarshalYAML reads a quota and refuses what the linter cannot count.
func (q *Quota) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]Quantity{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	var mistakes []string
	for name := range given {
		if !CountsQuota(name) {
			mistakes = append(mistakes, fmt.Sprintf(
				"line %d: %q is no quota that can be counted: want pods, requests.NAME, limits.NAME or count/PLURAL.GROUP, such as requests.cpu or count/jobs.batch",
				keyLine(n, name), name))
		}
	}
	*q = given
	return typeError(mistakes)
}

// CountsQuota says whether the name of a quota is one whose use follows from the objects of a release: what pods ask for, their
// number, and the number of objects of a kind. What volumes take is not among them.
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
	// Count is on how many of them a DaemonSet runs its pod; 1 by default.
	Count uint32 `yaml:"count,omitempty"`
	// Allocatable is what each of them has for pods, as in a Node's status.allocatable: cpu, memory, pods, nvidia.com/gpu. What
	// is not named is not bounded.
	Allocatable map[string]Quantity `yaml:"allocatable,omitempty"`
}

// CustomResource says where a kind of custom resources keeps the template of the pods that it makes.
type CustomResource struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	// Path leads to the pod template, or to the pod's spec itself: keys with dots between them, such as spec.template. A list on
	// the way is written with [*], such as spec.workers[*].template.
	Path string `yaml:"path"`
}

// UnmarshalYAML refuses a custom resource with another key, or without one of its three.
func (c *CustomResource) UnmarshalYAML(n *yaml.Node) error {
	given := map[string]string{}
	if err := n.Decode(&given); err != nil {
		return err
	}
	*c = CustomResource{APIVersion: given["apiVersion"], Kind: given["kind"], Path: given["path"]}
	if len(given) != 3 || c.APIVersion == "" || c.Kind == "" || c.Path == "" {
		return typeError([]string{fmt.Sprintf("line %d: a custom resource has apiVersion, kind and path, and nothing else", n.Line)})
	}
	return nil
}

// PodSpecs are the specs of the pods that an object is or makes: that of Kubernetes' own kinds, or those under the paths that are
// configured for its kind. An object without pods has none.
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

// follow are the values that a path leads to.
func follow(from chart.Node, path string) []chart.Node {
	at := []chart.Node{from}
	for step := range strings.SplitSeq(path, ".") {
		key, list := strings.CutSuffix(step, "[*]")
		var next []chart.Node
		for _, n := range at {
			n = n.Get(key)
			switch {
			case list:
				next = slices.AppendSeq(next, n.Items())
			case n.Exists():
				next = append(next, n)
			}
		}
		at = next
	}
	return at
}

// Quantity is an amount of a resource, written as Kubernetes writes it: 4, 500m, 16Gi.
type Quantity struct{ resource.Quantity }

// UnmarshalYAML reads a quantity that is not negative.
func (q *Quantity) UnmarshalYAML(n *yaml.Node) error {
	parsed, ok := chart.ParseQuantity(n.Value)
	if n.Kind != yaml.ScalarNode || !ok {
		return typeError([]string{fmt.Sprintf("line %d: %q is no quantity: want a number with a unit that Kubernetes knows, such as 4, 500m or 16Gi", n.Line, n.Value)})
	}
	q.Quantity = parsed
	return nil
}

// MarshalYAML writes the quantity as Kubernetes does.
func (q Quantity) MarshalYAML() (any, error) { return q.String(), nil }

// typeError is how the decoder collects mistakes that it goes on after; nil if there is none.
func typeError(mistakes []string) error {
	if len(mistakes) == 0 {
		return nil
	}
	slices.Sort(mistakes)
	return &yaml.TypeError{Errors: mistakes}
}

// keyLine is the line of a key of a map.
func keyLine(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i].Line
		}
	}
	return n.Line
}
