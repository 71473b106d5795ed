package chart

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Role is the role of a container in its pod.
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

// ContainersOf returns the containers of a pod spec, init containers first.
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

// Quantity returns the value as a resource quantity; false if the API server does not accept it as one.
func (n Node) Quantity() (resource.Quantity, bool) {
	text, ok := n.Scalar()
	if !ok {
		return resource.Quantity{}, false
	}
	return ParseQuantity(text)
}

// ParseQuantity parses a resource quantity. It reports false for a text that is not one, for a negative quantity, and
// for numbers of absurd length.
func ParseQuantity(text string) (resource.Quantity, bool) {
	if !hasSaneLength(text) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil && q.Sign() >= 0
}

// hasSaneLength reports whether a number has few enough digits to compare it quickly. 1e2147483647 parses, but
// comparing it takes minutes.
func hasSaneLength(text string) bool {
	const maxLength, maxExponent = 64, 64
	if len(text) > maxLength {
		return false
	}
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(text[i+1:])
	return !errors.Is(err, strconv.ErrRange) && math.Abs(float64(exponent)) <= maxExponent
}
