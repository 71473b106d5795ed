package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	"k8s.io/kubernetes/pkg/kubelet/status"
	"k8s.io/kubernetes/pkg/kubelet/util/format"
)

// exitCodeAnnotation is the annotation of a pod whose containers end, with this exit code from 0 to 255. Without it,
// the containers of a Job end with 0, and those of other pods run until the pod is deleted. Init containers always end
// with 0, and sidecars end after the containers.
const exitCodeAnnotation = "charts.traderadmin/exit-code"

// lifecycle takes a pod that is bound to a node through the states of a real one, one state a call of next: init
// containers run one after another, sidecars beside what follows them, then the containers run, end and are restarted.
// Containers take no time. What a kubelet refuses to start waits, and so does what comes after it.
type lifecycle struct {
	pod    *corev1.Pod
	now    metav1.Time
	refuse func(*corev1.Container) (*refusal, error) // why the kubelet does not start a container, or nil
}

// next returns the status of the pod after its present one. The two are equal if the pod stays as it is, at least until
// wait has passed, unless that is 0.
func (l lifecycle) next() (next corev1.PodStatus, wait time.Duration, err error) {
	next = *l.pod.Status.DeepCopy()
	initialized, err := l.initContainers(&next)
	if err != nil {
		return next, 0, err
	}
	if wait, err = l.containers(&next, initialized); err != nil {
		return next, 0, err
	}
	next.Phase = l.phase(&next)
	if podutil.IsPodPhaseTerminal(next.Phase) {
		l.endSidecars(&next)
	}
	l.setConditions(&next, corev1.ConditionTrue)
	return next, wait, nil
}

// deadline returns how long the pod may still be active, and false if its time is not limited.
func (l lifecycle) deadline() (left time.Duration, limited bool) {
	limit, start := l.pod.Spec.ActiveDeadlineSeconds, l.pod.Status.StartTime
	if limit == nil || start == nil {
		return 0, false
	}
	return start.Add(time.Duration(*limit) * time.Second).Sub(l.now.Time), true
}

// expired returns the status of a pod that has been active for too long. Its containers are killed.
func (l lifecycle) expired() corev1.PodStatus {
	next := *l.pod.Status.DeepCopy()
	for _, statuses := range [][]corev1.ContainerStatus{next.InitContainerStatuses, next.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].State.Running != nil {
				l.end(&statuses[i], 137)
			}
		}
	}
	next.Phase, next.Reason = corev1.PodFailed, "DeadlineExceeded"
	next.Message = "Pod was active on the node longer than the specified deadline"
	l.setConditions(&next, corev1.ConditionTrue)
	return next
}

// unmounted returns the status of a pod that waits for a volume.
func (l lifecycle) unmounted() corev1.PodStatus {
	next := *l.pod.Status.DeepCopy()
	_ = l.each(l.pod.Spec.InitContainers, &next.InitContainerStatuses, nothing)
	_ = l.each(l.pod.Spec.Containers, &next.ContainerStatuses, nothing)
	l.setConditions(&next, corev1.ConditionFalse)
	return next
}

func nothing(*corev1.Container, *corev1.ContainerStatus) error { return nil }

// each calls do for each container with its present status, and sets statuses to the changed ones.
func (l lifecycle) each(
	containers []corev1.Container, statuses *[]corev1.ContainerStatus,
	do func(*corev1.Container, *corev1.ContainerStatus) error,
) error {
	var all []corev1.ContainerStatus
	for i := range containers {
		container := &containers[i]
		of, ok := podutil.GetContainerStatus(*statuses, container.Name)
		if !ok {
			of = corev1.ContainerStatus{Name: container.Name, Image: container.Image, Started: new(false)}
			of.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
			if len(l.pod.Spec.InitContainers) > 0 {
				of.State.Waiting.Reason = "PodInitializing"
			}
		}
		if err := do(container, &of); err != nil {
			return err
		}
		all = append(all, of)
	}
	*statuses = all
	return nil
}

// initContainers advances the init containers, and reports whether all have done their work.
func (l lifecycle) initContainers(next *corev1.PodStatus) (done bool, err error) {
	done = true
	err = l.each(l.pod.Spec.InitContainers, &next.InitContainerStatuses,
		func(container *corev1.Container, of *corev1.ContainerStatus) error {
			sidecar := podutil.IsRestartableInitContainer(container)
			switch {
			case !done || of.State.Terminated != nil:
				return nil
			case of.State.Running == nil:
				err := l.start(container, of)
				of.Ready = sidecar && of.State.Running != nil
				done = of.Ready
				return err
			case !sidecar:
				l.end(of, 0)
				of.Ready = true // which for an init container means that it has succeeded
			}
			return nil
		})
	return done, err
}

// containers advances the containers of an initialized pod. It returns after how long the first of them is restarted,
// or 0.
func (l lifecycle) containers(next *corev1.PodStatus, initialized bool) (wait time.Duration, err error) {
	code, ends, _ := exitCode(l.pod) // with an invalid annotation, no container starts
	err = l.each(l.pod.Spec.Containers, &next.ContainerStatuses,
		func(container *corev1.Container, of *corev1.ContainerStatus) error {
			crashed := of.LastTerminationState.Terminated
			switch {
			case !initialized:
			case of.State.Running != nil:
				if ends {
					l.end(of, code)
				}
			case of.State.Terminated != nil:
				if podutil.ContainerShouldRestart(*container, l.pod.Spec, of.State.Terminated.ExitCode) {
					return l.restart(container, of)
				}
			case crashed != nil && l.now.Before(new(backOffEnd(of))):
				left := backOffEnd(of).Sub(l.now.Time)
				wait = min(cmp.Or(wait, left), left)
			default:
				return l.start(container, of)
			}
			return nil
		})
	return wait, err
}

// exitCode returns the exit code of the containers of a pod, and false if they run until it is deleted.
func exitCode(pod *corev1.Pod) (code int32, ends bool, err error) {
	if text, ok := pod.Annotations[exitCodeAnnotation]; ok {
		code, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return 0, false,
				fmt.Errorf("the annotation %s is %q, not an exit code from 0 to 255", exitCodeAnnotation, text)
		}
		return int32(code), true, nil
	}
	owner := metav1.GetControllerOf(pod)
	return 0, owner != nil && owner.Kind == "Job", nil
}

// start starts a container, or lets it wait if the kubelet refuses to.
func (l lifecycle) start(container *corev1.Container, of *corev1.ContainerStatus) error {
	refused, err := l.refuse(container)
	if err != nil {
		return err
	}
	if refused == nil {
		of.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: l.now}}
		if of.LastTerminationState.Terminated != nil {
			of.RestartCount++
		}
		code, _, _ := exitCode(l.pod)
		of.Ready, of.Started = code == 0, new(true) // one that fails does not get ready
		return nil
	}
	waited := of.State.Waiting
	if refused.reason == errImagePull && waited != nil && strings.Contains(waited.Reason, "ImagePull") {
		refused = &refusal{imagePullBackOff, fmt.Sprintf("Back-off pulling image %q: %s: %s",
			container.Image, errImagePull, refused.message)}
	}
	of.State = corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: refused.reason, Message: refused.message},
	}
	return nil
}

// end ends a running container.
func (l lifecycle) end(of *corev1.ContainerStatus, code int32) {
	ended := &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: "Completed", StartedAt: of.State.Running.StartedAt, FinishedAt: l.now,
	}
	if code != 0 {
		ended.Reason = "Error"
	}
	of.State = corev1.ContainerState{Terminated: ended}
	of.Ready, of.Started = false, new(false)
}

// restart starts a container that has ended, at once after the first time, and later after a back-off.
func (l lifecycle) restart(container *corev1.Container, of *corev1.ContainerStatus) error {
	of.LastTerminationState = of.State
	if of.RestartCount == 0 {
		return l.start(container, of)
	}
	of.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: crashLoopBackOff,
		Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s",
			backOff(of.RestartCount), container.Name, format.Pod(l.pod)),
	}}
	return nil
}

// backOff returns how long a kubelet waits before it starts a container again that it has restarted before: 10 s after
// the first restart, doubled after each, and at most 5 minutes.
func backOff(restarts int32) time.Duration {
	const first, longest = 10 * time.Second, 5 * time.Minute
	return min(first<<min(restarts-1, 5), longest)
}

// backOffEnd returns when a container in a crash loop is started again.
func backOffEnd(of *corev1.ContainerStatus) metav1.Time {
	return metav1.NewTime(of.LastTerminationState.Terminated.FinishedAt.Add(backOff(of.RestartCount)))
}

// phase returns the phase of a pod whose containers have these statuses.
func (l lifecycle) phase(next *corev1.PodStatus) corev1.PodPhase {
	var unstarted, failed bool
	ended := 0
	for i, of := range next.ContainerStatuses {
		unstarted = unstarted || of.State.Waiting != nil && of.LastTerminationState.Terminated == nil
		if last := of.State.Terminated; last != nil &&
			!podutil.ContainerShouldRestart(l.pod.Spec.Containers[i], l.pod.Spec, last.ExitCode) {
			ended++
			failed = failed || last.ExitCode != 0
		}
	}
	switch {
	case unstarted:
		return corev1.PodPending
	case ended < len(next.ContainerStatuses):
		return corev1.PodRunning
	case failed:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

// endSidecars ends the sidecars of a pod whose containers have ended.
func (l lifecycle) endSidecars(next *corev1.PodStatus) {
	for i := range next.InitContainerStatuses {
		if of := &next.InitContainerStatuses[i]; of.State.Running != nil {
			l.end(of, 0)
		}
	}
}

func (l lifecycle) setConditions(next *corev1.PodStatus, sandbox corev1.ConditionStatus) {
	pod, last := l.pod, &l.pod.Status
	all := slices.Concat(next.InitContainerStatuses, next.ContainerStatuses)
	for _, condition := range []corev1.PodCondition{
		{Type: corev1.PodReadyToStartContainers, Status: sandbox},
		status.GeneratePodInitializedCondition(pod, last, all, next.Phase),
		status.GeneratePodReadyCondition(pod, last, last.Conditions, all, next.Phase),
		status.GenerateContainersReadyCondition(pod, last, all, next.Phase),
	} {
		podutil.UpdatePodCondition(next, &condition)
	}
	if next.StartTime == nil {
		next.StartTime = &l.now
	}
	next.ObservedGeneration = podutil.CalculatePodStatusObservedGeneration(pod)
}
