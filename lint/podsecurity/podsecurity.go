// Package podsecurity checks rendered pods against the Pod Security Standards, with the checks of Kubernetes' own
// admission plugin.
package podsecurity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/traderadmin/charts/internal/chart"
)

// The levels of the Pod Security Standards, in the order of their demands.
const (
	Privileged = api.LevelPrivileged
	Baseline   = api.LevelBaseline
	Restricted = api.LevelRestricted
)

// Pod is a pod that a release creates.
type Pod struct {
	spec       chart.Node
	containers []chart.Container

	metadata metav1.ObjectMeta
	decoded  corev1.PodSpec
}

// Read reads the pod of a spec that belongs to an object. It returns an error if the spec is no pod spec.
func Read(o *chart.Object, spec chart.Node) (*Pod, error) {
	pod := &Pod{spec: spec, containers: chart.ContainersOf(spec)}
	pod.metadata.Annotations = map[string]string{}
	for key, value := range o.PodAnnotations().Entries() {
		pod.metadata.Annotations[key] = value.Text()
	}
	var values map[string]any
	if err := spec.Decode(&values); err != nil {
		return nil, err
	}
	content, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	// The decoder skips a field of the wrong type, which another rule reports, and decodes the others.
	var wrongType *json.UnmarshalTypeError
	if err := json.Unmarshal(content, &pod.decoded); err != nil && !errors.As(err, &wrongType) {
		return nil, err
	}
	if len(pod.decoded.InitContainers)+len(pod.decoded.Containers) != len(pod.containers) {
		return nil, errors.New("a container is not a map")
	}
	return pod, nil
}

// Violation is a control of a level that a pod violates, as a whole or through one container.
type Violation struct {
	Problem   string           // in the words of the admission plugin
	Fix       string           // a sentence
	Node      chart.Node       // the field, or the closest parent of a missing one
	Container *chart.Container // nil for the pod as a whole
}

// Level returns the strictest level that the pod meets in a version of the standards.
func (p *Pod) Level(version api.Version) api.Level {
	for _, level := range []api.Level{Restricted, Baseline} {
		if len(p.Violations(level, version)) == 0 {
			return level
		}
	}
	return Privileged
}

// Violations returns the controls of a level that the pod violates in a version of the standards.
func (p *Pod) Violations(level api.Level, version api.Version) []Violation {
	var found []Violation
	for _, c := range checks(level, version) {
		if !c.run(&p.metadata, &p.decoded).Allowed {
			found = append(found, p.locate(c)...)
		}
	}
	return found
}

// locate finds the containers that violate a control, by running its check on the pod with each of them alone.
func (p *Pod) locate(c check) []Violation {
	whole := c.run(&p.metadata, p.without())
	var found []Violation
	if !whole.Allowed {
		found = append(found, c.violation(p.spec, nil, whole))
	}
	for i := range p.containers {
		alone := c.run(&p.metadata, p.only(i))
		if !alone.Allowed && alone.ForbiddenDetail != whole.ForbiddenDetail {
			found = append(found, c.violation(p.containers[i].Node, &p.containers[i], alone))
		}
	}
	everywhere := whole.Allowed && len(found) > 1 && len(found) == len(p.containers)
	if everywhere && c.Inherited || len(found) == 0 {
		return []Violation{c.violation(p.spec, nil, c.run(&p.metadata, &p.decoded))}
	}
	return found
}

// without returns the pod without its containers.
func (p *Pod) without() *corev1.PodSpec {
	spec := p.decoded
	spec.InitContainers, spec.Containers, spec.EphemeralContainers = nil, nil, nil
	return &spec
}

// only returns the pod with one of its containers, by its index in p.containers.
func (p *Pod) only(i int) *corev1.PodSpec {
	spec := p.without()
	if i < len(p.decoded.InitContainers) {
		spec.InitContainers = p.decoded.InitContainers[i : i+1]
	} else {
		i -= len(p.decoded.InitContainers)
		spec.Containers = p.decoded.Containers[i : i+1]
	}
	return spec
}

// check is the check of a control in one version of the standards.
type check struct {
	control
	run policy.CheckPodFn
}

func (c check) violation(at chart.Node, container *chart.Container, result policy.CheckResult) Violation {
	problem := result.ForbiddenReason
	if result.ForbiddenDetail != "" {
		problem = fmt.Sprintf("%s (%s)", problem, result.ForbiddenDetail)
	}
	return Violation{Problem: problem, Fix: c.Fix, Node: c.locate(at), Container: container}
}

// checks returns the checks of a level in a version. Like the admission plugin, it omits checks of baseline that a
// check of restricted replaces.
func checks(level api.Level, version api.Version) []check {
	var found []check
	var replaced []policy.CheckID
	for _, known := range policy.DefaultChecks() {
		if level == Privileged || level == Baseline && known.Level == Restricted {
			continue
		}
		for _, v := range slices.Backward(known.Versions) {
			if minimum := v.MinimumVersion; version.Older(minimum) {
				continue
			}
			replaced = append(replaced, v.OverrideCheckIDs...)
			found = append(found, check{controls[known.ID], v.CheckPod})
			found[len(found)-1].ID = known.ID
			break
		}
	}
	return slices.DeleteFunc(found, func(c check) bool { return slices.Contains(replaced, c.ID) })
}
