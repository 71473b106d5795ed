package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/workload"
)

// detailTimeout bounds the requests for events and logs.
const detailTimeout = 5 * time.Second

// detail returns the text of Error.Detail. The timeout of the wait does not apply to it, but it returns "" if the run
// was interrupted, because nobody reads the details then.
func detail(ctx context.Context, client kubernetes.Interface, seen objects, condition Condition) string {
	kind, ok := kinds[condition.kind]
	if !ok || ctx.Err() != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, detailTimeout)
	defer cancel()
	t, err := kind.look(seen, condition.name)
	if err != nil {
		return ""
	}
	sections := []string{t.tree(time.Now()), events(ctx, client, seen.namespace, t), logs(ctx, client, t)}
	return strings.Join(slices.DeleteFunc(sections, func(section string) bool { return section == "" }), "\n")
}

// outline is text in which each line is indented by its depth.
type outline struct{ strings.Builder }

func (o *outline) add(depth int, format string, args ...any) {
	o.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(o, format+"\n", args...)
}

// tree lists the workload and everything that belongs to it, each below its owner. Ages are as of now.
func (t *target) tree(now time.Time) string {
	var tree outline
	state := "ready"
	switch {
	case t.failed != nil:
		state = t.failed.Error()
	case t.pending != nil:
		state = t.pending.Error()
	}
	tree.add(0, "%s%s: %s", t.name, age(t.object, now), state)
	for _, p := range t.problems {
		if p.text != "" {
			tree.add(1, "%s", p.text)
		}
	}
	for _, set := range t.sets {
		depth := 1
		if replicaSet, ok := set.owner.(*appsv1.ReplicaSet); ok {
			if !set.newest && len(set.pods) == 0 {
				continue // scaled down by an earlier rollout
			}
			tree.add(1, "%s%s: %s", set.name, age(replicaSet, now), replicaSetState(replicaSet, set))
			depth = 2
		}
		if set.rejection != "" {
			tree.add(depth, "%s", set.rejection)
		}
		for _, pod := range set.pods {
			if set.owner != metav1.Object(pod) {
				tree.add(depth, "pod/%s%s: %s", pod.Name, age(pod, now), podState(pod))
			}
			for _, status := range containerStatuses(pod) {
				tree.add(depth+1, "container %s, image %s: %s", status.Name, status.Image, oneLine(containerState(status)))
			}
		}
	}
	return tree.String()
}

// age returns the age of an object in parentheses, or "" if it does not exist.
func age(object metav1.Object, now time.Time) string {
	if object == nil {
		return ""
	}
	return " (" + duration.HumanDuration(now.Sub(object.GetCreationTimestamp().Time)) + ")"
}

func replicaSetState(replicaSet *appsv1.ReplicaSet, set podSet) string {
	generation := "older"
	if set.newest {
		generation = "newest"
	}
	wanted := int32(1)
	if replicaSet.Spec.Replicas != nil {
		wanted = *replicaSet.Spec.Replicas
	}
	return fmt.Sprintf("revision %s (%s), %d of %d pods exist, %d ready",
		replicaSet.Annotations[revisionAnnotation], generation, len(set.pods), wanted, count(set.pods, workload.Ready))
}

func podState(pod *corev1.Pod) string {
	state := string(pod.Status.Phase)
	switch {
	case pod.DeletionTimestamp != nil:
		state += ", being deleted"
	case workload.Ready(pod):
		state += ", ready"
	}
	if pod.Spec.NodeName != "" {
		state += ", on " + pod.Spec.NodeName
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			state += suffix(condition.Reason, condition.Message)
		}
	}
	return state + suffix(pod.Status.Reason, pod.Status.Message)
}

func containerState(status corev1.ContainerStatus) string {
	switch state := status.State; {
	case state.Waiting != nil && state.Waiting.Reason == "CrashLoopBackOff":
		return state.Waiting.Reason + ": " + crashLoop(status)
	case state.Waiting != nil:
		return "waiting" + suffix(state.Waiting.Reason, state.Waiting.Message)
	case state.Terminated != nil:
		return termination(state.Terminated)
	case state.Running != nil && status.Ready:
		return "running, ready"
	case state.Running != nil:
		return "running, not ready"
	}
	return "unknown"
}
