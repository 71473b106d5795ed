package rollout

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

var (
	// permanentPullError matches messages of registries and their clients about images that another try will not bring.
	permanentPullError = regexp.MustCompile(`(?i)no such host|not found|manifest unknown|does not exist|` +
		`\b(?:denied|unauthorized|forbidden)\b|authentication required`)

	// backOffMessage matches the message of a kubelet about a container in a crash loop, as formatted by its doBackOff.
	backOffMessage = regexp.MustCompile(`^back-off (\S+) restarting failed container`)
)

// containerProblem returns why a container does not run, or runs and is not ready. It returns false if the container is
// fine, or may still be starting.
func containerProblem(pod *corev1.Pod, status corev1.ContainerStatus) (problem, bool) {
	switch state := status.State; {
	case state.Waiting != nil:
		return waitingProblem(pod, status)
	case state.Terminated != nil && state.Terminated.ExitCode != 0:
		return newContainerProblem(pod, status, termination(state.Terminated)), true
	case state.Running != nil && !status.Ready && !isInitContainer(pod, status.Name):
		return newContainerProblem(pod, status, notReady(status)), true
	}
	return problem{}, false
}

// newContainerProblem returns a problem that ends no wait.
func newContainerProblem(pod *corev1.Pod, status corev1.ContainerStatus, description string) problem {
	cause := fmt.Sprintf("container %s: %s", status.Name, oneLine(description))
	return problem{
		text:  fmt.Sprintf("pod/%s, %s", pod.Name, cause),
		cause: cause,
		id:    fmt.Sprintf("%s %s", pod.UID, status.Name),
		grace: ignored,
	}
}

// waitingProblem returns why a container waits to be started. It returns false if that is normal.
func waitingProblem(pod *corev1.Pod, status corev1.ContainerStatus) (problem, bool) {
	waiting := status.State.Waiting
	description := waiting.Reason + suffix("", waiting.Message)
	switch waiting.Reason {
	case "", "ContainerCreating", "PodInitializing":
		return problem{}, false
	case "CrashLoopBackOff":
		return crashLoopProblem(pod, status), true
	case "InvalidImageName", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError",
		"RegistryUnavailable", "SignatureValidationFailed":
		p := newContainerProblem(pod, status, fmt.Sprintf("image %q cannot be pulled: %s", status.Image, description))
		p.id += " image"
		p.grace = 30 * time.Second
		if waiting.Reason == "InvalidImageName" || permanentPullError.MatchString(waiting.Message) {
			p.grace = 0
		}
		return p, true
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		p := newContainerProblem(pod, status, description)
		p.id += " create"
		p.grace = 10 * time.Second
		return p, true
	}
	return newContainerProblem(pod, status, description), true
}

// crashLoopProblem returns the problem of a container in a crash loop. It ends the wait if the next start would come
// after the end of the wait. It ends no wait if the pod belongs to a Job, or if the kubelet does not report its
// back-off.
func crashLoopProblem(pod *corev1.Pod, status corev1.ContainerStatus) problem {
	p := newContainerProblem(pod, status, crashLoop(status))
	next, known := nextStart(status)
	if !known || isOfJob(pod) {
		return p
	}
	p.id += fmt.Sprintf(" crash %d", status.RestartCount)
	p.grace = 0
	p.confirm = func(ctx context.Context, _ kubernetes.Interface, _ time.Duration) error {
		end, ok := ctx.Deadline()
		if !ok || !next.After(end) {
			return nil
		}
		return fmt.Errorf("%s; its next start is in %s, and the wait ends in %s",
			p.text, time.Until(next).Round(time.Second), time.Until(end).Round(time.Second))
	}
	return p
}

// nextStart returns when a container in a crash loop is started again, by the clock of its node. It returns false if
// the kubelet does not report it.
func nextStart(status corev1.ContainerStatus) (time.Time, bool) {
	last := status.LastTerminationState.Terminated
	reported := backOffMessage.FindStringSubmatch(status.State.Waiting.Message)
	if last == nil || reported == nil {
		return time.Time{}, false
	}
	backOff, err := time.ParseDuration(reported[1])
	return last.FinishedAt.Add(backOff), err == nil
}

// crashLoop describes a crash loop and the last crash.
func crashLoop(status corev1.ContainerStatus) string {
	description := fmt.Sprintf("crash loop, restarted %d times", status.RestartCount)
	if last := status.LastTerminationState.Terminated; last != nil {
		description += ": " + termination(last)
	}
	return description
}

// notReady describes a container that runs and is not ready. A container in a crash loop looks like that between two
// crashes, so the description has the last crash.
func notReady(status corev1.ContainerStatus) string {
	description := "running, but not ready"
	if last := status.LastTerminationState.Terminated; last != nil && last.ExitCode != 0 {
		description += fmt.Sprintf(", restarted %d times: %s", status.RestartCount, termination(last))
	}
	return description
}

// termination describes how a container ended.
func termination(ended *corev1.ContainerStateTerminated) string {
	return fmt.Sprintf("ended with exit code %d%s", ended.ExitCode, suffix(ended.Reason, ended.Message))
}

func isOfJob(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "Job"
}

// isInitContainer reports whether the container with this name is an init container, which need not be ready.
func isInitContainer(pod *corev1.Pod, name string) bool {
	return !slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
}
