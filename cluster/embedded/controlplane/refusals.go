package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/kubelet/util/format"
	"k8s.io/kubernetes/pkg/securitycontext"
	"k8s.io/kubernetes/pkg/util/parsers"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
)

// refusal is why a kubelet does not start a container, in the kubelet's words.
type refusal struct{ reason, message string }

// Why containers wait, as pkg/kubelet/images and pkg/kubelet/kuberuntime define them.
const (
	invalidImageName  = "InvalidImageName"
	errImagePull      = "ErrImagePull"
	imagePullBackOff  = "ImagePullBackOff"
	createConfigError = "CreateContainerConfigError"
	crashLoopBackOff  = "CrashLoopBackOff"
)

// references returns the ConfigMaps and Secrets that a pod refers to.
type references interface {
	configMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error)
	secret(ctx context.Context, namespace, name string) (*corev1.Secret, error)
}

// checks are the checks of a kubelet before it starts the containers of a pod. The words are those of kubelet 1.37:
// where they are not those of a function called here, they are quoted from pkg/kubelet/images/image_manager.go,
// pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and pkg/kubelet/kuberuntime/security_context_others.go.
type checks struct {
	pod *corev1.Pod
	references
}

// container returns why the kubelet refuses to start a container, or nil. The error is that of a failed lookup.
func (c checks) container(ctx context.Context, container *corev1.Container) (*refusal, error) {
	if _, _, _, err := parsers.ParseImageName(container.Image); err != nil {
		message := fmt.Sprintf("Failed to apply default image tag %q: %v", container.Image, err)
		return &refusal{invalidImageName, message}, nil
	}
	if host := invalidRegistry.FindStringSubmatch(container.Image); host != nil {
		return &refusal{errImagePull, fmt.Sprintf("failed to pull and unpack image %[1]q: failed to resolve reference "+
			"%[1]q: dial tcp: lookup %[2]s: no such host", container.Image, host[1])}, nil
	}
	if _, _, err := exitCode(c.pod); err != nil {
		return &refusal{createConfigError, err.Error()}, nil
	}
	err := c.environment(ctx, container)
	if err == nil && c.breaksNonRoot(container) {
		err = missingError{fmt.Sprintf("container's runAsUser breaks non-root policy (pod: %q, container: %s)",
			format.Pod(c.pod), container.Name)}
	}
	if refused := (missingError{}); errors.As(err, &refused) {
		return &refusal{createConfigError, refused.Error()}, nil
	}
	return nil, err
}

// invalidRegistry matches images whose registry is under the reserved domain .invalid (RFC 2606).
var invalidRegistry = regexp.MustCompile(`(?i)^([^/:]*\.invalid)(?::[0-9]+)?/`)

// breaksNonRoot reports whether a container must not run as root and is told to. Without a user, the image decides,
// which is unknown here.
func (c checks) breaksNonRoot(container *corev1.Container) bool {
	effective := securitycontext.DetermineEffectiveSecurityContext(c.pod, container)
	return isTrue(effective.RunAsNonRoot) && effective.RunAsUser != nil && *effective.RunAsUser == 0
}

func isTrue(flag *bool) bool { return flag != nil && *flag }

// missingError says that an object or one of its keys does not exist.
type missingError struct{ text string }

func (m missingError) Error() string { return m.text }

// required returns the error of looking up an object, as a missingError if it does not exist. It returns nil if the
// object is optional and does not exist.
func required(err error, optional *bool) error {
	switch {
	case !apierrors.IsNotFound(err):
		return err
	case isTrue(optional):
		return nil
	}
	return missingError{err.Error()}
}

// environment checks the references in the environment of a container, in the order of a kubelet.
func (c checks) environment(ctx context.Context, container *corev1.Container) error {
	for _, from := range container.EnvFrom {
		var err error
		if ref := from.ConfigMapRef; ref != nil {
			_, err = c.configMap(ctx, c.pod.Namespace, ref.Name)
			err = required(err, ref.Optional)
		} else if ref := from.SecretRef; ref != nil {
			_, err = c.secret(ctx, c.pod.Namespace, ref.Name)
			err = required(err, ref.Optional)
		}
		if err != nil {
			return err
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			continue
		}
		if err := c.variable(ctx, variable.ValueFrom); err != nil {
			return err
		}
	}
	return nil
}

func (c checks) variable(ctx context.Context, source *corev1.EnvVarSource) error {
	if ref := source.ConfigMapKeyRef; ref != nil {
		object, err := c.configMap(ctx, c.pod.Namespace, ref.Name)
		if err != nil {
			return required(err, ref.Optional)
		}
		return key(object.Data, ref.Key, "ConfigMap", object, ref.Optional)
	}
	if ref := source.SecretKeyRef; ref != nil {
		object, err := c.secret(ctx, c.pod.Namespace, ref.Name)
		if err != nil {
			return required(err, ref.Optional)
		}
		return key(object.Data, ref.Key, "Secret", object, ref.Optional)
	}
	return nil
}

// key checks that an object has a key, unless it is optional.
func key[V any](data map[string]V, key, kind string, object metav1.Object, optional *bool) error {
	if _, ok := data[key]; ok || isTrue(optional) {
		return nil
	}
	return missingError{
		fmt.Sprintf("couldn't find key %v in %s %v/%v", key, kind, object.GetNamespace(), object.GetName()),
	}
}

// volumes returns the message about the first volume that cannot be mounted, or "". A volume that no container mounts
// is not looked at.
func (c checks) volumes(ctx context.Context) (string, error) {
	mounted, _, _ := volumeutil.GetPodVolumeNames(c.pod, false)
	for i := range c.pod.Spec.Volumes {
		volume := &c.pod.Spec.Volumes[i]
		if !mounted.Has(volume.Name) {
			continue
		}
		err := c.sources(ctx, volume)
		if missing := (missingError{}); errors.As(err, &missing) {
			return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", volume.Name, missing), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// sources checks the ConfigMaps and Secrets that a volume consists of.
func (c checks) sources(ctx context.Context, volume *corev1.Volume) error {
	switch {
	case volume.ConfigMap != nil:
		return c.configMapItems(ctx, volume.ConfigMap.Name, volume.ConfigMap.Items, volume.ConfigMap.Optional)
	case volume.Secret != nil:
		return c.secretItems(ctx, volume.Secret.SecretName, volume.Secret.Items, volume.Secret.Optional)
	case volume.Projected == nil:
		return nil
	}
	for _, source := range volume.Projected.Sources {
		var err error
		if of := source.ConfigMap; of != nil {
			err = c.configMapItems(ctx, of.Name, of.Items, of.Optional)
		} else if of := source.Secret; of != nil {
			err = c.secretItems(ctx, of.Name, of.Items, of.Optional)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c checks) configMapItems(
	ctx context.Context, name string, items []corev1.KeyToPath, optional *bool,
) error {
	object, err := c.configMap(ctx, c.pod.Namespace, name)
	if err != nil {
		return required(err, optional)
	}
	if _, err := configmap.MakePayload(items, object, new(int32), nil, isTrue(optional)); err != nil {
		return missingError{err.Error()}
	}
	return nil
}

func (c checks) secretItems(
	ctx context.Context, name string, items []corev1.KeyToPath, optional *bool,
) error {
	object, err := c.secret(ctx, c.pod.Namespace, name)
	if err != nil {
		return required(err, optional)
	}
	if _, err := secret.MakePayload(items, object, new(int32), nil, isTrue(optional)); err != nil {
		return missingError{err.Error()}
	}
	return nil
}
