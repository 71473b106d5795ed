package rollout

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// because adds to what is wrong with a Deployment what its ReplicaSet, its pods and their containers have to say about it, a line each.
func (n Namespace) because(deployment *appsv1.Deployment, what error) error {
	var lines []string
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			lines = append(lines, fmt.Sprintf("%s: %s", condition.Reason, condition.Message))
		}
	}
	if newest, err := n.newestReplicaSet(deployment); err == nil {
		pods, _ := n.podsOf(newest)
		for _, pod := range pods {
			lines = append(lines, troubles(pod)...)
		}
	}
	if len(lines) == 0 {
		return what
	}
	return fmt.Errorf("%w\n    %s", what, strings.Join(lines, "\n    "))
}

// troubles are why pod is not ready, nearest cause last; none when it is.
func troubles(pod *corev1.Pod) []string {
	var lines []string
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			lines = append(lines, fmt.Sprintf("pod/%s: %s: %s", pod.Name, condition.Reason, condition.Message))
		}
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if trouble := containerTrouble(status); trouble != "" {
				lines = append(lines, fmt.Sprintf("pod/%s, container %s: %s", pod.Name, status.Name, trouble))
			}
		}
	}
	return lines
}

func containerTrouble(status corev1.ContainerStatus) string {
	switch {
	case status.State.Waiting != nil:
		return strings.TrimSuffix(status.State.Waiting.Reason+": "+status.State.Waiting.Message, ": ")
	case status.State.Terminated != nil && status.State.Terminated.ExitCode != 0:
		ended := status.State.Terminated
		return strings.TrimSpace(fmt.Sprintf("%s with exit code %d %s", ended.Reason, ended.ExitCode, ended.Message))
	case status.State.Running != nil && !status.Ready:
		return "running, but not ready"
	}
	return ""
}
