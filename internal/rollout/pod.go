package rollout

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func (n Namespace) pod(name string) (*workload, error) {
	pod, absent, err := find(n, n.Pods, podKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	w := &workload{name: "pod/" + name, object: pod, sets: []set{{object: pod, newest: true, pods: []*corev1.Pod{pod}}}}
	switch {
	case pod.DeletionTimestamp != nil:
		w.missing = errors.New("it is being deleted")
	case pod.Status.Phase == corev1.PodFailed && metav1.GetControllerOf(pod) == nil:
		w.missing = fmt.Errorf("it failed%s", with(pod.Status.Reason, pod.Status.Message))
		w.over = w.missing
	case pod.Status.Phase != corev1.PodSucceeded && !isReady(pod):
		w.missing = fmt.Errorf("it is %s, not ready", pod.Status.Phase)
	}
	return w, nil
}

// notSucceeded is what pod lacks until it has succeeded, and why it never will; each is nil where there is no such thing.
func notSucceeded(pod *corev1.Pod) (missing, over error) {
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return nil, nil
	case corev1.PodFailed:
		failed := fmt.Errorf("it failed%s", with(pod.Status.Reason, pod.Status.Message))
		return failed, failed
	}
	return fmt.Errorf("it is %s, and has not ended", pod.Status.Phase), nil
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// troubles are why pod is not ready; none when it is, or is on its way out. Those of a pod that failed end no wait: who made it
// makes another, or gives up.
func troubles(pod *corev1.Pod) []trouble {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	var all []trouble
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			all = append(all, notScheduled(pod, condition))
		}
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if t, ok := containerTrouble(pod, status); ok {
			all = append(all, t)
		}
	}
	if len(all) == 0 && pod.Spec.NodeName != "" && pod.Status.Phase == corev1.PodPending {
		all = append(all, trouble{
			about: string(pod.UID) + " mounts", patience: 5 * time.Second,
			proof: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
				return missingMounts(ctx, client, pod)
			},
		})
	}
	return all
}

// notThere matches what registries and those who ask them say about images that trying again will not bring.
var notThere = regexp.MustCompile(`(?i)no such host|not found|manifest unknown|does not exist|` +
	`\b(?:denied|unauthorized|forbidden)\b|authentication required`)

// heldBack matches what a kubelet says of a container in a crash loop, as its doBackOff words it.
var heldBack = regexp.MustCompile(`^back-off (\S+) restarting failed container`)

// containerTrouble is why a container is not as it should be; false when it is, or may well be about to.
func containerTrouble(pod *corev1.Pod, status corev1.ContainerStatus) (trouble, bool) {
	t := trouble{about: fmt.Sprintf("%s %s", pod.UID, status.Name), patience: mayPass}
	var says string
	switch waiting, ended := status.State.Waiting, status.State.Terminated; {
	case waiting != nil:
		says = waiting.Reason + with("", waiting.Message)
		switch waiting.Reason {
		case "", "ContainerCreating", "PodInitializing":
			return t, false
		case "InvalidImageName", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError",
			"RegistryUnavailable", "SignatureValidationFailed":
			says = fmt.Sprintf("image %q cannot be pulled: %s", status.Image, says)
			t.about += " image"
			t.patience = 30 * time.Second
			if waiting.Reason == "InvalidImageName" || notThere.MatchString(waiting.Message) {
				t.patience = 0
			}
		case "CrashLoopBackOff":
			says = crashLoop(status)
			if next, known := nextStart(status); known && !isOfJob(pod) {
				t.about += fmt.Sprintf(" crash %d", status.RestartCount)
				t.patience = 0
				t.proof = func(ctx context.Context, _ kubernetes.Interface, _ time.Duration) error {
					return tooLate(ctx, t.says, next)
				}
			}
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			t.about += " create"
			t.patience = 10 * time.Second
		}
	case ended != nil && ended.ExitCode != 0:
		says = howEnded(ended)
	case status.State.Running != nil && !status.Ready && isRegular(pod, status.Name):
		says = "running, but not ready"
	default:
		return t, false
	}
	t.like = fmt.Sprintf("container %s: %s", status.Name, oneLine(says))
	t.says = fmt.Sprintf("pod/%s, %s", pod.Name, t.like)
	return t, true
}

// nextStart is when a container in a crash loop is started again, by its node's clock; false when its kubelet does not say.
func nextStart(status corev1.ContainerStatus) (time.Time, bool) {
	last, said := status.LastTerminationState.Terminated, heldBack.FindStringSubmatch(status.State.Waiting.Message)
	if last == nil || said == nil {
		return time.Time{}, false
	}
	pause, err := time.ParseDuration(said[1])
	return last.FinishedAt.Add(pause), err == nil
}

// tooLate is an error when the wait, which ends with ctx, will be over before a container is started again.
func tooLate(ctx context.Context, says string, next time.Time) error {
	end, ends := ctx.Deadline()
	if !ends || !next.After(end) {
		return nil
	}
	return fmt.Errorf("%s; it is started again in %s, and the wait would end in %s", says,
		time.Until(next).Round(time.Second), time.Until(end).Round(time.Second))
}

func crashLoop(status corev1.ContainerStatus) string {
	says := fmt.Sprintf("crash loop, restarted %d times", status.RestartCount)
	if last := status.LastTerminationState.Terminated; last != nil {
		says += ": " + howEnded(last)
	}
	return says
}

func howEnded(ended *corev1.ContainerStateTerminated) string {
	return fmt.Sprintf("ended with exit code %d%s", ended.ExitCode, with(ended.Reason, ended.Message))
}

func isOfJob(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "Job"
}

// isRegular says whether the container of this name is no init container: those need not be ready.
func isRegular(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
}

// with is reason and message, as far as there are any, as the rest of a sentence.
func with(reason, message string) string {
	var rest string
	for _, part := range []string{reason, message} {
		if part != "" {
			rest += ": " + part
		}
	}
	return rest
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// missingMounts says which ConfigMaps and Secrets that pod mounts do not exist; nil when all do, or nobody can tell.
func missingMounts(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	var missing []string
	ask := func(kind, name string, optional *bool, err func() error) {
		if name != "" && (optional == nil || !*optional) && apierrors.IsNotFound(err()) {
			missing = append(missing, kind+"/"+name)
		}
	}
	configMap := func(name string, optional *bool) {
		ask("configmap", name, optional, func() error {
			_, err := client.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
			return err
		})
	}
	secret := func(name string, optional *bool) {
		ask("secret", name, optional, func() error {
			_, err := client.CoreV1().Secrets(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
			return err
		})
	}
	for _, volume := range pod.Spec.Volumes {
		if source := volume.ConfigMap; source != nil {
			configMap(source.Name, source.Optional)
		}
		if source := volume.Secret; source != nil {
			secret(source.SecretName, source.Optional)
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.ConfigMap != nil {
				configMap(source.ConfigMap.Name, source.ConfigMap.Optional)
			}
			if source.Secret != nil {
				secret(source.Secret.Name, source.Secret.Optional)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("pod/%s mounts what does not exist: %s", pod.Name, strings.Join(missing, ", "))
}
