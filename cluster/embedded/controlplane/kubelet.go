package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal is why a kubelet does not start a container, in the kubelet's words.
type refusal struct{ reason, message string }

// lookup returns the keys of a ConfigMap or Secret, or an error that says why there are none.
type lookup func(ctx context.Context, kind, namespace, name string) (keys map[string]bool, err error)

// The kinds of object that a pod may refer to, as a kubelet calls them in its messages.
const (
	configMapKind = "ConfigMap"
	secretKind    = "Secret"
)

// checks are the checks of a kubelet before it starts the containers of a pod. The messages are those of kubelet 1.37:
// pkg/kubelet/kubelet_pods.go, pkg/kubelet/images and pkg/kubelet/kuberuntime/security_context.go for containers,
// pkg/volume/secret, pkg/volume/configmap and pkg/volume/projected for volumes.
type checks struct {
	pod    *corev1.Pod
	lookup lookup
}

// containers returns why the kubelet refuses to start containers, by their names.
func (c checks) containers(ctx context.Context) (map[string]*refusal, error) {
	refusals := map[string]*refusal{}
	for _, container := range slices.Concat(c.pod.Spec.InitContainers, c.pod.Spec.Containers) {
		refusal, err := c.container(ctx, &container)
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			refusals[container.Name] = refusal
		}
	}
	return refusals, nil
}

// container returns why the kubelet refuses to start a container, or nil. The error is that of a failed lookup.
func (c checks) container(ctx context.Context, container *corev1.Container) (*refusal, error) {
	if _, err := reference.ParseNormalizedNamed(container.Image); err != nil {
		return &refusal{"InvalidImageName", fmt.Sprintf(
			"Failed to apply default image tag %[1]q: couldn't parse image name %[1]q: %[2]v", container.Image, err)}, nil
	}
	if c.breaksNonRoot(container) {
		return &refusal{"CreateContainerConfigError", fmt.Sprintf(
			"container's runAsUser breaks non-root policy (pod: %q, container: %s)", c.podName(), container.Name)}, nil
	}
	err := c.environment(ctx, container)
	if missing := (missingError{}); errors.As(err, &missing) {
		return &refusal{"CreateContainerConfigError", missing.Error()}, nil
	}
	return nil, err
}

func (c checks) podName() string {
	return fmt.Sprintf("%s_%s(%s)", c.pod.Name, c.pod.Namespace, c.pod.UID)
}

// breaksNonRoot reports whether a container must not run as root and is told to. Without a user, the image decides,
// which is unknown here.
func (c checks) breaksNonRoot(container *corev1.Container) bool {
	var nonRoot *bool
	var user *int64
	if pod := c.pod.Spec.SecurityContext; pod != nil {
		nonRoot, user = pod.RunAsNonRoot, pod.RunAsUser
	}
	if own := container.SecurityContext; own != nil {
		if own.RunAsNonRoot != nil {
			nonRoot = own.RunAsNonRoot
		}
		if own.RunAsUser != nil {
			user = own.RunAsUser
		}
	}
	return nonRoot != nil && *nonRoot && user != nil && *user == 0
}

// missingError says that an object or one of its keys does not exist.
type missingError struct{ text string }

func (m missingError) Error() string { return m.text }

// environment checks the references in the environment of a container, in the order of a kubelet.
func (c checks) environment(ctx context.Context, container *corev1.Container) error {
	for _, from := range container.EnvFrom {
		switch {
		case from.ConfigMapRef != nil && !isTrue(from.ConfigMapRef.Optional):
			if _, err := c.keys(ctx, configMapKind, from.ConfigMapRef.Name); err != nil {
				return err
			}
		case from.SecretRef != nil && !isTrue(from.SecretRef.Optional):
			if _, err := c.keys(ctx, secretKind, from.SecretRef.Name); err != nil {
				return err
			}
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			continue
		}
		if ref := variable.ValueFrom.ConfigMapKeyRef; ref != nil && !isTrue(ref.Optional) {
			if err := c.key(ctx, configMapKind, ref.Name, ref.Key); err != nil {
				return err
			}
		}
		if ref := variable.ValueFrom.SecretKeyRef; ref != nil && !isTrue(ref.Optional) {
			if err := c.key(ctx, secretKind, ref.Name, ref.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func isTrue(flag *bool) bool { return flag != nil && *flag }

// keys returns the keys of an object that the pod refers to, or a missingError.
func (c checks) keys(ctx context.Context, kind, name string) (map[string]bool, error) {
	keys, err := c.lookup(ctx, kind, c.pod.Namespace, name)
	if apierrors.IsNotFound(err) {
		word := map[string]string{configMapKind: "configmap", secretKind: "secret"}[kind]
		return nil, missingError{fmt.Sprintf("%s %q not found", word, name)}
	}
	return keys, err
}

// key checks that an object has a key.
func (c checks) key(ctx context.Context, kind, name, key string) error {
	keys, err := c.keys(ctx, kind, name)
	if err == nil && !keys[key] {
		err = missingError{fmt.Sprintf("couldn't find key %v in %s %v/%v", key, kind, c.pod.Namespace, name)}
	}
	return err
}

// volume returns the message about a volume that cannot be mounted, or "".
func (c checks) volume(ctx context.Context, volume *corev1.Volume) (string, error) {
	err := c.sources(ctx, volume)
	if missing := (missingError{}); errors.As(err, &missing) {
		return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", volume.Name, missing), nil
	}
	return "", err
}

// sources checks the ConfigMaps and Secrets that a volume consists of.
func (c checks) sources(ctx context.Context, volume *corev1.Volume) error {
	if source := volume.ConfigMap; source != nil && !isTrue(source.Optional) {
		return c.items(ctx, configMapKind, source.Name, source.Items)
	}
	if source := volume.Secret; source != nil && !isTrue(source.Optional) {
		return c.items(ctx, secretKind, source.SecretName, source.Items)
	}
	if volume.Projected == nil {
		return nil
	}
	for _, source := range volume.Projected.Sources {
		switch {
		case source.ConfigMap != nil && !isTrue(source.ConfigMap.Optional):
			if err := c.items(ctx, configMapKind, source.ConfigMap.Name, source.ConfigMap.Items); err != nil {
				return err
			}
		case source.Secret != nil && !isTrue(source.Secret.Optional):
			if err := c.items(ctx, secretKind, source.Secret.Name, source.Secret.Items); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c checks) items(ctx context.Context, kind, name string, items []corev1.KeyToPath) error {
	keys, err := c.keys(ctx, kind, name)
	if err != nil {
		return err
	}
	words := map[string]string{
		configMapKind: "configmap references non-existent config key: %s",
		secretKind:    "references non-existent secret key: %s",
	}
	for _, item := range items {
		if !keys[item.Key] {
			return missingError{fmt.Sprintf(words[kind], item.Key)}
		}
	}
	return nil
}

// refused returns the status of a pod with refused containers. As on a real node, the containers beside them run, and
// containers after a refused init container are not started.
func refused(pod *corev1.Pod, refusals map[string]*refusal, now metav1.Time) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.Phase, status.StartTime = corev1.PodPending, &now
	blocked := false
	status.InitContainerStatuses = nil
	for _, container := range pod.Spec.InitContainers {
		one := statusOf(container, refusals[container.Name], blocked, now)
		sidecar := container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
		if one.State.Running != nil && !sidecar {
			one.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", StartedAt: now, FinishedAt: now,
			}}
		}
		blocked = blocked || refusals[container.Name] != nil
		status.InitContainerStatuses = append(status.InitContainerStatuses, one)
	}
	initialized := corev1.ConditionTrue
	if blocked {
		initialized = corev1.ConditionFalse
	}
	status.ContainerStatuses = nil
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses,
			statusOf(container, refusals[container.Name], blocked, now))
	}
	setCondition(&status, corev1.PodInitialized, initialized, now)
	setCondition(&status, corev1.ContainersReady, corev1.ConditionFalse, now)
	setCondition(&status, corev1.PodReady, corev1.ConditionFalse, now)
	return status
}

func statusOf(container corev1.Container, refusal *refusal, blocked bool, now metav1.Time) corev1.ContainerStatus {
	status := corev1.ContainerStatus{Name: container.Name, Image: container.Image}
	switch {
	case blocked:
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	case refusal != nil:
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: refusal.reason, Message: refusal.message}
	default:
		status.Ready = true
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
	}
	return status
}

func setCondition(
	status *corev1.PodStatus, kind corev1.PodConditionType, value corev1.ConditionStatus, now metav1.Time,
) {
	condition := corev1.PodCondition{Type: kind, Status: value, LastTransitionTime: now}
	if value == corev1.ConditionFalse {
		condition.Reason = "ContainersNotReady"
	}
	i := slices.IndexFunc(status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if i < 0 {
		status.Conditions = append(status.Conditions, condition)
		return
	}
	status.Conditions[i] = condition
}
