package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"
)

// The kinds of workloads, by the names that kubectl accepts.
const (
	deploymentKind  = "deployment"
	statefulSetKind = "statefulset"
	daemonSetKind   = "daemonset"
	jobKind         = "job"
	podKind         = "pod"
)

// kinds holds, for each kind, the goal of Ready and how to look up a workload.
var kinds = map[string]struct {
	goal string
	look func(objects, string) (*target, error)
}{
	deploymentKind:  {"be rolled out", objects.deployment},
	statefulSetKind: {"be rolled out", objects.statefulSet},
	daemonSetKind:   {"be rolled out", objects.daemonSet},
	jobKind:         {"complete", objects.job},
	podKind:         {"be ready", objects.pod},
}

// Condition is a condition of one workload. The kind is deployment, statefulset, daemonset, job or pod. A condition of
// any other kind can never hold.
type Condition struct {
	kind, name string
	goal       string // completes "waited for deployment/app to …"
	check      func(*target) error
	mayAppear  bool // something may still create the workload
}

// MayAppear returns the condition for a workload that something may still create, such as an operator. Its absence ends
// no wait.
func (c Condition) MayAppear() Condition {
	c.mayAppear = true
	return c
}

// String returns the workload and the goal, such as "deployment/app to be rolled out".
func (c Condition) String() string { return fmt.Sprintf("%s/%s to %s", c.kind, c.name, c.goal) }

// evaluate returns nil if the condition holds, a permanent error if it can never hold, and otherwise an error that says
// what is missing.
func (c Condition) evaluate(o objects) error {
	kind, ok := kinds[c.kind]
	if !ok {
		return Permanent(fmt.Errorf("cannot wait for kind %q: choose one of %s",
			c.kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")))
	}
	found, err := kind.look(o, c.name)
	if err != nil {
		return err
	}
	if c.mayAppear {
		found.problems = slices.DeleteFunc(found.problems, func(p problem) bool { return p.id == absence })
	}
	return c.check(found)
}

// Permanent marks err as one that waiting longer cannot change.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool { return errors.As(err, new(permanent)) }

// Ready holds when a workload exists and is ready, which depends on its kind:
//
//   - deployment, statefulset, daemonset: the controller has observed the newest spec, and as many pods as it wants are
//     of that spec and available, with none of an older spec left. A DaemonSet must want at least one pod.
//   - job: complete.
//   - pod: ready or succeeded.
func Ready(kind, name string) Condition {
	goal := cmp.Or(kinds[kind].goal, "be ready")
	return Condition{kind: kind, name: name, goal: goal, check: (*target).verdict}
}

// HelmReady is Ready on the terms of `helm --wait`: it tolerates problems of as many pods as the update strategy allows
// to be unavailable, because Helm does not wait for those.
func HelmReady(kind, name string) Condition {
	ready := Ready(kind, name)
	ready.check = func(t *target) error {
		t.tolerated = maxUnavailable(t.object)
		return t.verdict()
	}
	return ready
}

// maxUnavailable returns how many pods the update strategy of a workload allows to be unavailable.
func maxUnavailable(object metav1.Object) int {
	switch w := object.(type) {
	case *appsv1.Deployment:
		if rolling := w.Spec.Strategy.RollingUpdate; rolling != nil {
			_, unavailable, err := deploymentutil.ResolveFenceposts(rolling.MaxSurge, rolling.MaxUnavailable, *w.Spec.Replicas)
			if err == nil {
				return int(unavailable)
			}
		}
	case *appsv1.DaemonSet:
		if rolling := w.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
			wanted := int(w.Status.DesiredNumberScheduled)
			unavailable, err := intstr.GetScaledValueFromIntOrPercent(rolling.MaxUnavailable, wanted, true)
			if err == nil {
				return unavailable
			}
		}
	}
	return 0
}

// HookSucceeded holds when a Job is complete or a pod has succeeded, and can never hold once it has failed. It also
// holds if the object does not exist. Helm waits for its hooks on these terms. The kind is job or pod.
func HookSucceeded(kind, name string) Condition {
	return Condition{kind: kind, name: name, goal: "succeed", check: func(t *target) error {
		if t.object == nil {
			return nil
		}
		if pod, ok := t.object.(*corev1.Pod); ok {
			t.pending, t.failed = success(pod)
			if endless, ok := neverEnds(pod); ok {
				t.problems = append(t.problems, endless)
			}
		}
		return t.verdict()
	}}
}

// PodCount holds when a workload is ready and has n pods of its newest revision.
func PodCount(kind, name string, n int) Condition {
	ready := Ready(kind, name)
	ready.goal = fmt.Sprintf("%s with %d pods", ready.goal, n)
	ready.check = readyAnd(func(t *target, pods []*corev1.Pod) error {
		if len(pods) == n {
			return nil
		}
		err := fmt.Errorf("it is ready with %d pods", len(pods))
		if len(pods) == wantedPods(t.object, len(pods)) {
			return Permanent(err)
		}
		return err // the cache of the pods lags behind that of the workload
	})
	return ready
}

// PodsMatch holds when a workload is ready and match accepts its pods of the newest revision, of which there must be at
// least one. The goal completes "waited for deployment/app to …". If match returns an error made by Permanent, the
// wait ends.
func PodsMatch(kind, name, goal string, match func([]*corev1.Pod) error) Condition {
	return Condition{kind: kind, name: name, goal: goal, check: readyAnd(func(t *target, pods []*corev1.Pod) error {
		if len(pods) == 0 && wantedPods(t.object, 1) == 0 {
			return Permanent(errors.New("it wants 0 pods, so there is none to check"))
		}
		if len(pods) == 0 {
			return errors.New("it has no pods of its newest revision yet")
		}
		return match(pods)
	})}
}

// PodsUseImage holds when a Deployment is rolled out and each of its pods has a container with this image. It can never
// hold once the Deployment is rolled out with other images, or wants no pods.
func PodsUseImage(deployment, image string) Condition {
	goal := fmt.Sprintf("use image %q in all pods", image)
	return PodsMatch(deploymentKind, deployment, goal, func(pods []*corev1.Pod) error {
		for _, pod := range pods {
			if used := images(pod); !slices.Contains(used, image) {
				return Permanent(fmt.Errorf("it is rolled out, and pod/%s uses %q", pod.Name, used))
			}
		}
		return nil
	})
}

func images(pod *corev1.Pod) []string {
	var used []string
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		used = append(used, container.Image)
	}
	return used
}

// readyAnd returns a check that a workload is ready and that check accepts its pods of the newest revision, without
// those that have failed or are being deleted.
func readyAnd(check func(*target, []*corev1.Pod) error) func(*target) error {
	return func(t *target) error {
		if err := t.verdict(); err != nil {
			return err
		}
		var pods []*corev1.Pod
		if len(t.sets) > 0 && t.sets[0].newest {
			pods = t.sets[0].pods
		}
		return check(t, slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool {
			return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed
		}))
	}
}

// wantedPods returns how many pods a workload wants, or otherwise if its spec does not say.
func wantedPods(object metav1.Object, otherwise int) int {
	switch w := object.(type) {
	case *appsv1.Deployment:
		return int(*w.Spec.Replicas)
	case *appsv1.StatefulSet:
		return int(*w.Spec.Replicas)
	case *appsv1.DaemonSet:
		return int(w.Status.DesiredNumberScheduled)
	}
	return otherwise
}
