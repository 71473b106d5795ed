package embedded

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// refusedPods are pods that a kubelet does not start. The words are from the source of kubelet 1.37: see checks in
// controlplane/refusals.go.
var refusedPods = map[string]struct{ spec, reason, message string }{
	"secret-of-a-variable": {
		`containers: [{name: c, image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: k}}}]}]`,
		"CreateContainerConfigError", `secret "none" not found`,
	},
	"key-of-a-variable": {
		`containers: [{name: c, image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: present, key: none}}}]}]`,
		"CreateContainerConfigError", "couldn't find key none in Secret default/present",
	},
	"config-map-of-a-variable": {
		`containers: [{name: c, image: i, env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: k}}}]}]`,
		"CreateContainerConfigError", `configmap "none" not found`,
	},
	"environment": {
		`containers: [{name: c, image: i, envFrom: [{configMapRef: {name: none}}]}]`,
		"CreateContainerConfigError", `configmap "none" not found`,
	},
	"init-container": {
		`{initContainers: [{name: c, image: i, envFrom: [{secretRef: {name: none}}]}], containers: [{name: d, image: i}]}`,
		"CreateContainerConfigError", `secret "none" not found`,
	},
	"root": {
		`{securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i, securityContext: {runAsUser: 0}}]}`,
		"CreateContainerConfigError", "container's runAsUser breaks non-root policy",
	},
	"number": {
		`containers: [{name: c, image: "app:5.8467965e+07"}]`,
		"InvalidImageName", `couldn't parse image name "app:5.8467965e+07": invalid reference format`,
	},
	"volume": {
		`{volumes: [{name: v, secret: {secretName: none}}], containers: [{name: c, image: i}]}`,
		"ContainerCreating", "",
	},
	"item-of-a-volume": {
		`{volumes: [{name: v, configMap: {name: present, items: [{key: none, path: p}]}}],
		containers: [{name: c, image: i}]}`,
		"ContainerCreating", "",
	},
	"projected-volume": {
		`{volumes: [{name: v, projected: {sources: [{secret: {name: none}}]}}], containers: [{name: c, image: i}]}`,
		"ContainerCreating", "",
	},
}

// startedPods are pods that a kubelet starts, though they look like those that it does not.
var startedPods = map[string]string{
	"optional": `{volumes: [{name: v, configMap: {name: none, optional: true}}], containers: [{name: c, image: i,
		envFrom: [{secretRef: {name: none, optional: true}}],
		env: [{name: A, valueFrom: {configMapKeyRef: {name: present, key: none, optional: true}}}]}]}`,
	"present": `{volumes: [{name: v, secret: {secretName: present}}], containers: [{name: c, image: i,
		envFrom: [{configMapRef: {name: present}}],
		env: [{name: A, valueFrom: {secretKeyRef: {name: present, key: k}}}]}]}`,
	"user-of-the-image": `{securityContext: {runAsNonRoot: true}, containers: [{name: c, image: i}]}`,
	"other-user": `{securityContext: {runAsNonRoot: true, runAsUser: 0},
		containers: [{name: c, image: "registry:5000/a/i:1@sha256:` + digest + `", securityContext: {runAsUser: 7}}]}`,
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestKubelet(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	client := clientOf(t, c.Config())
	s := storage{t, client, "default"}
	meta := metav1.ObjectMeta{Name: "present"}
	_, err := client.CoreV1().Secrets("default").Create(t.Context(),
		&corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"k": "v"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.CoreV1().ConfigMaps("default").Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"k": "v"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	create := func(t *testing.T, name, spec string) {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
		require.NoError(t, yaml.Unmarshal([]byte(spec), &pod.Spec))
		_, err := client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{})
		require.NoError(t, err)
	}

	for name, pod := range refusedPods {
		t.Run(name, func(t *testing.T) {
			create(t, name, pod.spec)
			var waiting *corev1.ContainerStateWaiting
			s.await("the refusal of the pod "+name, func(ctx context.Context) bool {
				found, err := client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
				require.NoError(t, err)
				require.Equal(t, corev1.PodPending, found.Status.Phase)
				for _, status := range append(found.Status.InitContainerStatuses, found.Status.ContainerStatuses...) {
					if status.Name == "c" {
						waiting = status.State.Waiting
					}
				}
				return waiting != nil
			})
			assert.Equal(t, pod.reason, waiting.Reason)
			assert.Contains(t, waiting.Message, pod.message)
		})
	}
	for name, spec := range startedPods {
		t.Run(name, func(t *testing.T) {
			create(t, name, spec)
			s.awaitPod(name)
		})
	}

	t.Run("a missing volume is an event", func(t *testing.T) {
		assert.Contains(t, s.hasEvent("FailedMount").Message, "MountVolume.SetUp failed for volume \"v\" : ")
	})
	t.Run("pods start once the objects exist", func(t *testing.T) {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "none"}, StringData: map[string]string{"k": "v"},
		}
		_, err := client.CoreV1().Secrets("default").Create(t.Context(), secret, metav1.CreateOptions{})
		require.NoError(t, err)
		for _, name := range []string{"secret-of-a-variable", "init-container", "volume", "projected-volume"} {
			s.awaitPod(name)
		}
	})
}
