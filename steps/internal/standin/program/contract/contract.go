// Package contract defines what the suite and a stand-in, the program in the parent folder, exchange: the contract in
// the stand-in's image, its environment variables, and the output of its subcommands.
package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Variable is the environment variable of the image that contains the Contract as JSON.
const Variable = "STANDIN"

// The variables below make a stand-in misbehave if they are set in the environment of its container.
const (
	// FailProbes makes probes fail if it is "fail". HTTP and gRPC probes get 503 and NOT_SERVING, and exec probes the exit
	// code 1. TCP probes still pass, because connections are accepted.
	FailProbes = "STANDIN_PROBES"
	// Exit is a code, 0 to 255, with which the stand-in exits as soon as it has started.
	Exit = "STANDIN_EXIT"
	// Memory is a number of bytes, such as 600Mi or 600000000, that the stand-in allocates in another process. If the
	// kernel kills that process, the stand-in exits with code 137, as if it had been killed itself.
	Memory = "STANDIN_MEMORY"
)

// Prefix is the prefix of the paths at which a stand-in reports about its container. Probes do not use it.
const Prefix = "/standin/"

// Program is the path of the stand-in in its image.
const Program = "/standin"

// Contract is the behavior of an image. The zero value is an image that listens on no port.
type Contract struct {
	// Containers are the containers that use the image, by name.
	Containers map[string]Container `json:"containers,omitempty"`
	// Paths are the paths that GET requests get 200 for. All others get 404.
	Paths []string `json:"paths,omitempty"`
}

// Container is how containers of one name use the image.
type Container struct {
	// Ports are the TCP ports that the container listens on, ascending.
	Ports []int32 `json:"ports,omitempty"`
	// Task says that the container does something and ends, as init containers and Jobs do. Other containers serve until
	// they are stopped.
	Task bool `json:"task,omitempty"`
}

// Of returns how the container with this name uses the image. A container with an unknown or empty name listens on all
// ports of the image.
func (c Contract) Of(name string) Container {
	if known, ok := c.Containers[name]; ok {
		return known
	}
	all := Container{Task: len(c.Containers) > 0}
	for _, container := range c.Containers {
		all = all.merge(container)
	}
	return all
}

// With returns the contract with one more container. If there is a container of this name, its ports are kept: an image
// that listens on different ports in two releases listens on both.
func (c Contract) With(name string, use Container) Contract {
	containers := maps.Clone(c.Containers)
	if containers == nil {
		containers = map[string]Container{}
	}
	if known, ok := containers[name]; ok {
		use = known.merge(use)
	}
	slices.Sort(use.Ports)
	containers[name] = use
	return Contract{Containers: containers, Paths: c.Paths}
}

func (c Container) merge(other Container) Container {
	ports := slices.Concat(c.Ports, other.Ports)
	slices.Sort(ports)
	return Container{Ports: slices.Compact(ports), Task: c.Task && other.Task}
}

// String returns the contract as the value of Variable.
func (c Contract) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // cannot happen: strings, numbers and booleans have a JSON form
	}
	return string(text)
}

// Parse parses the value of Variable. An empty text is the zero contract.
func Parse(text string) (Contract, error) {
	var c Contract
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("%s is not a valid contract: %w", Variable, err)
	}
	return c, nil
}
