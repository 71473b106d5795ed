package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// missingMounts returns an error that names the ConfigMaps and Secrets that a pod mounts and that do not exist, or lack
// a key. It returns nil if there are none, or if the API server cannot be queried.
func missingMounts(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	var missing []string
	for _, m := range requiredMounts(pod) {
		if what := m.missing(ctx, client, pod.Namespace); what != "" {
			missing = append(missing, what)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("pod/%s mounts what does not exist: %s", pod.Name, strings.Join(missing, ", "))
}

// mount refers to a ConfigMap or a Secret that a volume contains, with the keys that the volume names.
type mount struct {
	kind, name string
	items      []corev1.KeyToPath
}

// missing returns what of the mount does not exist, or "".
func (m mount) missing(ctx context.Context, client kubernetes.Interface, namespace string) string {
	keys := map[string]bool{}
	var err error
	if m.kind == "configmap" {
		var found *corev1.ConfigMap
		if found, err = client.CoreV1().ConfigMaps(namespace).Get(ctx, m.name, metav1.GetOptions{}); err == nil {
			addKeys(keys, found.Data)
			addKeys(keys, found.BinaryData)
		}
	} else {
		var found *corev1.Secret
		if found, err = client.CoreV1().Secrets(namespace).Get(ctx, m.name, metav1.GetOptions{}); err == nil {
			addKeys(keys, found.Data)
		}
	}
	if apierrors.IsNotFound(err) {
		return m.kind + "/" + m.name
	}
	if err != nil {
		return ""
	}
	for _, item := range m.items {
		if !keys[item.Key] {
			return fmt.Sprintf("the key %s of %s/%s", item.Key, m.kind, m.name)
		}
	}
	return ""
}

func addKeys[V any](keys map[string]bool, data map[string]V) {
	for key := range data {
		keys[key] = true
	}
}

// requiredMounts returns the ConfigMaps and Secrets in the volumes that containers of a pod mount, except for optional
// ones.
func requiredMounts(pod *corev1.Pod) []mount {
	mounted := map[string]bool{}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, volume := range container.VolumeMounts {
			mounted[volume.Name] = true
		}
	}
	var required []mount
	add := func(kind, name string, items []corev1.KeyToPath, optional *bool) {
		if name != "" && (optional == nil || !*optional) {
			required = append(required, mount{kind, name, items})
		}
	}
	for _, volume := range pod.Spec.Volumes {
		if !mounted[volume.Name] {
			continue
		}
		if source := volume.ConfigMap; source != nil {
			add("configmap", source.Name, source.Items, source.Optional)
		}
		if source := volume.Secret; source != nil {
			add("secret", source.SecretName, source.Items, source.Optional)
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source := source.ConfigMap; source != nil {
				add("configmap", source.Name, source.Items, source.Optional)
			}
			if source := source.Secret; source != nil {
				add("secret", source.Name, source.Items, source.Optional)
			}
		}
	}
	return required
}
