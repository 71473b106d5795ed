package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/workload"
)

func (o objects) pod(name string) (*target, error) {
	pod, absent, err := find(o, o.pods, podKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	t := &target{
		name:   "pod/" + name,
		object: pod,
		sets:   []podSet{{owner: pod, newest: true, pods: []*corev1.Pod{pod}}},
	}
	switch {
	case pod.DeletionTimestamp != nil:
		t.pending = errBeingDeleted
	case pod.Status.Phase == corev1.PodFailed && metav1.GetControllerOf(pod) == nil:
		t.pending = podFailure(pod)
		t.failed = t.pending
	case pod.Status.Phase != corev1.PodSucceeded && !workload.Ready(pod):
		t.pending = fmt.Errorf("it is %s, not ready", pod.Status.Phase)
	}
	return t, nil
}

// success returns why a pod has not succeeded yet, and why it never will. Each is nil if it does not apply.
func success(pod *corev1.Pod) (pending, failed error) {
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return nil, nil
	case corev1.PodFailed:
		return podFailure(pod), podFailure(pod)
	}
	return fmt.Errorf("it is %s, not finished", pod.Status.Phase), nil
}

// exitCodeAnnotation is the annotation of a pod that says with which exit code its containers end on the simulated
// nodes of an embedded cluster.
const exitCodeAnnotation = "charts.traderadmin/exit-code"

// neverEnds returns the problem that a pod runs on a simulated node, where no container ends by itself. Those of Jobs
// and of pods with the annotation are ended for them. It returns false if the pod does not run.
func neverEnds(pod *corev1.Pod) (problem, bool) {
	if _, ends := pod.Annotations[exitCodeAnnotation]; ends || pod.Status.Phase != corev1.PodRunning || isOfJob(pod) {
		return problem{}, false
	}
	return problem{
		id: string(pod.UID) + " end", grace: time.Second,
		confirm: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
			if !isSimulated(ctx, client, pod.Spec.NodeName) {
				return nil
			}
			return fmt.Errorf("pod/%s runs on the simulated %s, where no container ends by itself; give the pod the "+
				`annotation %s: "0" (or another exit code, to see it fail), or use nodes that run containers, with `+
				"-cluster=kind",
				pod.Name, pod.Spec.NodeName, exitCodeAnnotation)
		},
	}, true
}

func podFailure(pod *corev1.Pod) error {
	return fmt.Errorf("it failed%s", suffix(pod.Status.Reason, pod.Status.Message))
}

// podProblems returns why a pod is not ready, or none if the pod is ready or being deleted. A container of a
// pod that has failed ends no wait: the controller of the pod creates another one, or gives up.
func podProblems(pod *corev1.Pod) []problem {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	var all []problem
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			all = append(all, notScheduled(pod, condition))
		}
	}
	for _, status := range containerStatuses(pod) {
		if p, ok := containerProblem(pod, status); ok {
			all = append(all, p)
		}
	}
	if len(all) == 0 && pod.Spec.NodeName != "" && pod.Status.Phase == corev1.PodPending {
		all = append(all, problem{
			id: string(pod.UID) + " mounts", grace: 5 * time.Second,
			confirm: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
				return missingMounts(ctx, client, pod)
			},
		})
	}
	return all
}

// containerStatuses returns the statuses of all containers, init containers first.
func containerStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// suffix joins reason and message, as far as they are not empty, to the end of an error: ": reason: message".
func suffix(reason, message string) string {
	var joined string
	for _, part := range []string{reason, message} {
		if part != "" {
			joined += ": " + part
		}
	}
	return joined
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
