// Package contract is what the suite tells a stand-in, the program in the folder above, through its image.
package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Variable is the environment variable of the image that holds a Contract, as JSON.
const Variable = "STANDIN"

// The variables below are for a container's own environment: whoever sets one makes its stand-in misbehave.
const (
	// FailProbes makes every probe fail when it is "fail": HTTP and gRPC probes get 503 and NOT_SERVING, exec probes the exit code 1.
	// Connections are still taken, so that a TCP probe passes.
	FailProbes = "STANDIN_PROBES"
	// Exit is a code, 0 to 255, with which the stand-in ends as soon as it has started.
	Exit = "STANDIN_EXIT"
	// Memory is a number of bytes, such as 600Mi or 600000000, that the stand-in takes, in a process of its own, and keeps. When the kernel kills that process, the
	// stand-in ends with the exit code 137, as if it had been killed itself.
	Memory = "STANDIN_MEMORY"
)

// Prefix is where a stand-in answers for itself; no path below it is a probe's.
const Prefix = "/standin/"

// Program is where the stand-in lies in its image.
const Program = "/standin"

// Contract is what an image is known to do. Its zero value is an image that serves nothing.
type Contract struct {
	// Containers are those that the image is the image of, by name.
	Containers map[string]Container `json:"containers,omitempty"`
	// Paths are those that GET answers with 200. All others are 404.
	Paths []string `json:"paths,omitempty"`
}

// Container is how one container uses the image.
type Container struct {
	// Ports are the TCP ports that it listens on, ascending.
	Ports []int32 `json:"ports,omitempty"`
	// Task says that it has something to do and ends then, as init containers and the pods of Jobs do; all others serve until they are stopped.
	Task bool `json:"task,omitempty"`
}

// Of is how the container called name uses the image. One that the contract does not know, or whose name nobody knows (""), serves on all ports
// of the image.
func (c Contract) Of(name string) Container {
	if known, ok := c.Containers[name]; ok {
		return known
	}
	var all Container
	for _, one := range c.Containers {
		all = all.with(one)
	}
	all.Task = len(c.Containers) > 0 && !slices.ContainsFunc(slices.Collect(maps.Values(c.Containers)), func(one Container) bool { return !one.Task })
	return all
}

// With is the contract with one more use of the image. A container of the same name keeps the ports that it had: an image that listens on two ports
// in two releases listens on both.
func (c Contract) With(name string, use Container) Contract {
	containers := maps.Clone(c.Containers)
	if containers == nil {
		containers = map[string]Container{}
	}
	if known, ok := containers[name]; ok {
		use = known.with(use)
	}
	slices.Sort(use.Ports)
	containers[name] = use
	return Contract{Containers: containers, Paths: c.Paths}
}

func (c Container) with(other Container) Container {
	ports := slices.Concat(c.Ports, other.Ports)
	slices.Sort(ports)
	return Container{Ports: slices.Compact(ports), Task: c.Task && other.Task}
}

// String is the contract as the variable holds it.
func (c Contract) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, numbers and booleans: nothing that JSON cannot say
	}
	return string(text)
}

// Parse reads what String wrote; "" is the zero value.
func Parse(text string) (Contract, error) {
	var c Contract
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("%s is no contract: %w", Variable, err)
	}
	return c, nil
}
