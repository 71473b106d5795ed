package budget

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Violation is a bound of a LimitRange that a pod violates, so that the API server rejects the pod.
type Violation struct {
	// Container is the container that violates it, or nil if the pod as a whole does.
	Container *Container
	// Node is the value that is out of bounds, or the closest parent of a missing one.
	Node chart.Node
	// Problem continues a message that starts with the name of the container or pod.
	Problem string
}

// problem is a violation by the requests or limits for one resource.
type problem struct {
	bound    string // requests or limits: the one with the wrong value
	resource corev1.ResourceName
	text     string
}

// Violations returns the bounds that a pod violates. The checks are those of PodValidateLimitFunc in the API server's
// LimitRanger admission plugin.
func (l LimitRanges) Violations(p *Pod) []Violation {
	r := l[p.Object.Namespace()]
	if r == nil {
		return nil
	}
	var found []Violation
	for i := range p.Containers {
		c := &p.Containers[i]
		for _, problem := range append(r.container.problems(c.Requests, c.Limits), r.defaultLimitProblems(c)...) {
			found = append(found, Violation{
				Container: c,
				Node:      c.source(problem.bound, string(problem.resource)),
				Problem:   problem.text,
			})
		}
	}
	for _, problem := range r.pod.problems(p.Requests, p.Limits) {
		found = append(found, Violation{
			Node:    p.Source(problem.bound, string(problem.resource)),
			Problem: problem.text,
		})
	}
	return found
}

func (b bounds) problems(requests, limits corev1.ResourceList) []problem {
	var found []problem
	for name := range sortedKeys(b.min) {
		found = append(found, b.minProblem(name, requests, limits)...)
	}
	for name := range sortedKeys(b.max) {
		found = append(found, b.maxProblem(name, requests, limits)...)
	}
	for name := range sortedKeys(b.ratio) {
		found = append(found, b.ratioProblem(name, requests[name], limits[name])...)
	}
	return found
}

// minProblem returns the problem with a minimum, if there is one.
func (b bounds) minProblem(name corev1.ResourceName, requests, limits corev1.ResourceList) []problem {
	least := b.min[name]
	request, requested := requests[name]
	limit, limited := limits[name]
	switch {
	case !requested:
		text := fmt.Sprintf("has no request for %s, but %s requires at least %s", name, least.from, &least)
		return []problem{{"requests", name, text}}
	case request.Cmp(least.Quantity) < 0:
		text := fmt.Sprintf("requests %s %s, less than the minimum of %s in %s", &request, name, &least, least.from)
		return []problem{{"requests", name, text}}
	case limited && limit.Cmp(least.Quantity) < 0:
		text := fmt.Sprintf("limits %s to %s, less than the minimum of %s in %s", name, &limit, &least, least.from)
		return []problem{{"limits", name, text}}
	}
	return nil
}

// maxProblem returns the problem with a maximum, if there is one.
func (b bounds) maxProblem(name corev1.ResourceName, requests, limits corev1.ResourceList) []problem {
	most := b.max[name]
	request, requested := requests[name]
	limit, limited := limits[name]
	switch {
	case !limited:
		text := fmt.Sprintf("has no limit for %s, but %s allows at most %s", name, most.from, &most)
		return []problem{{"limits", name, text}}
	case limit.Cmp(most.Quantity) > 0:
		text := fmt.Sprintf("limits %s to %s, more than the maximum of %s in %s", name, &limit, &most, most.from)
		return []problem{{"limits", name, text}}
	case requested && request.Cmp(most.Quantity) > 0:
		text := fmt.Sprintf("requests %s %s, more than the maximum of %s in %s", &request, name, &most, most.from)
		return []problem{{"requests", name, text}}
	}
	return nil
}

// ratioProblem returns the problem with a maximum ratio of limit to request, if there is one.
func (b bounds) ratioProblem(name corev1.ResourceName, request, limit resource.Quantity) []problem {
	most := b.ratio[name]
	switch {
	case request.IsZero() || limit.IsZero():
		text := fmt.Sprintf("needs a request and a limit for %s, because %s sets their maximum ratio to %s",
			name, most.from, &most)
		return []problem{{"limits", name, text}}
	case Ratio(request, limit) > most.AsApproximateFloat64():
		text := fmt.Sprintf("limits %s to %.4g times its request, more than the maximum ratio of %s in %s",
			name, Ratio(request, limit), &most, most.from)
		return []problem{{"limits", name, text}}
	}
	return nil
}

// defaultLimitProblems returns a problem for each request of a container that is above the default limit which it gets
// from a LimitRange.
func (r *limitRange) defaultLimitProblems(c *Container) []problem {
	var found []problem
	for name := range sortedKeys(r.defaults) {
		limit, request := r.defaults[name], c.Requests[name]
		if c.Get("resources", "limits", string(name)).Exists() || request.Cmp(limit.Quantity) <= 0 {
			continue
		}
		text := fmt.Sprintf("requests %s %s, more than the default limit of %s in %s", &request, name, &limit, limit.from)
		found = append(found, problem{"requests", name, text})
	}
	return found
}

// Ratio returns limit ÷ request.
func Ratio(request, limit resource.Quantity) float64 {
	return limit.AsApproximateFloat64() / request.AsApproximateFloat64()
}
