package rollout

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	maxLogLines = 20
	maxLogBytes = 8 << 10
)

// logs returns the last log lines of the containers of the newest pods that failed. Of containers with the same name it
// shows one. It returns "" if none failed, or if their nodes are simulated.
func logs(ctx context.Context, client kubernetes.Interface, t *target) string {
	var sections []string
	shown := map[string]bool{} // by container name
	for _, set := range t.sets {
		for _, pod := range set.pods {
			if !set.newest || pod.Spec.NodeName == "" {
				continue
			}
			for _, status := range containerStatuses(pod) {
				previous, ok := hasFailureLog(pod, status)
				if !ok || shown[status.Name] || isSimulated(ctx, client, pod.Spec.NodeName) {
					continue
				}
				shown[status.Name] = true
				sections = append(sections, lastLogLines(ctx, client, pod, status.Name, previous))
			}
		}
	}
	return strings.Join(sections, "\n")
}

// hasFailureLog reports whether a container has a log that may explain why it is not ready, and whether that log is of
// the instance before the last restart.
func hasFailureLog(pod *corev1.Pod, status corev1.ContainerStatus) (previous, ok bool) {
	switch state := status.State; {
	case state.Waiting != nil:
		return true, status.LastTerminationState.Terminated != nil
	case state.Terminated != nil:
		return false, state.Terminated.ExitCode != 0
	default:
		return false, state.Running != nil && !status.Ready && !isInitContainer(pod, status.Name)
	}
}

// simulatedAnnotation is the annotation of nodes that KWOK simulates.
const simulatedAnnotation = "kwok.x-k8s.io/node"

// isSimulated reports whether the node runs no containers. A node that cannot be read counts as real.
func isSimulated(ctx context.Context, client kubernetes.Interface, name string) bool {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false
	}
	_, ok := node.Annotations[simulatedAnnotation]
	return ok
}

func lastLogLines(
	ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, container string, previous bool,
) string {
	lines, bytes := int64(maxLogLines), int64(maxLogBytes)
	title := fmt.Sprintf("Last log lines of pod/%s, container %s", pod.Name, container)
	if previous {
		title += ", before its last restart"
	}
	log, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, Previous: previous, TailLines: &lines, LimitBytes: &bytes,
	}).DoRaw(ctx)
	text := strings.TrimRight(string(log), "\n")
	switch {
	case err != nil:
		text = err.Error()
	case text == "":
		text = "(none)"
	}
	return fmt.Sprintf("%s:\n  %s\n", title, strings.ReplaceAll(text, "\n", "\n  "))
}
