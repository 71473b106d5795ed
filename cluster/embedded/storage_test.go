package embedded

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

func TestStorage(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	c := New(Options{Nodes: 2}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	client := clientOf(t, c.Config())

	t.Run("a claim of the default class is bound to a volume on the node of its first pod", func(t *testing.T) {
		s := newStorage(t, client, "local")
		s.claim("", corev1.ReadWriteOnce)
		s.hasEvent("WaitForFirstConsumer")
		s.pod()
		claim := s.awaitClaim(bound)
		assert.Equal(t, "standard", *claim.Spec.StorageClassName)
		volume := s.volume(claim)
		pod := s.awaitPod("data")
		required := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0]
		assert.Equal(t, []string{pod.Spec.NodeName}, required.Values)

		require.NoError(t, client.CoreV1().Namespaces().Delete(t.Context(), s.namespace, metav1.DeleteOptions{}))
		s.awaitNoVolume(volume.Name)
	})

	t.Run("a local volume cannot be used on several nodes", func(t *testing.T) {
		s := newStorage(t, client, "shared")
		s.claim("standard", corev1.ReadWriteMany)
		s.pod()
		assert.Contains(t, s.hasEvent("ProvisioningFailed").Message, "ReadWriteMany")
	})

	t.Run("a local volume cannot grow", func(t *testing.T) {
		s := newStorage(t, client, "fixed")
		s.claim("standard", corev1.ReadWriteOnce)
		s.pod()
		s.awaitClaim(bound)
		err := s.grow("2Gi")
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	})

	t.Run("a claim of class network is bound at once, and grows", func(t *testing.T) {
		s := newStorage(t, client, "network")
		s.claim("network", corev1.ReadWriteMany)
		s.awaitClaim(bound)
		require.NoError(t, s.grow("2Gi"))
		claim := s.awaitClaim(func(claim *corev1.PersistentVolumeClaim) bool {
			return claim.Status.Capacity.Storage().String() == "2Gi"
		})
		assert.Equal(t, "2Gi", s.volume(claim).Spec.Capacity.Storage().String())
	})

	t.Run("a claim of an unknown class stays pending", func(t *testing.T) {
		s := newStorage(t, client, "unknown")
		s.claim("gold", corev1.ReadWriteOnce)
		s.pod()
		assert.Contains(t, s.hasEvent("ProvisioningFailed").Message, `"gold" not found`)
	})
}

// storage is a namespace of a test, with claims and pods.
type storage struct {
	*testing.T
	client    kubernetes.Interface
	namespace string
}

func newStorage(t *testing.T, client kubernetes.Interface, namespace string) storage {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	_, err := client.CoreV1().Namespaces().Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err = client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{})
	require.True(t, err == nil || apierrors.IsAlreadyExists(err), "%v", err)
	return storage{t, client, namespace}
}

// claimName is the name of the claim in each namespace, and of the pod that mounts it.
const claimName = "data"

// claim creates the claim of 1Gi. An empty class is that of the cluster's default.
func (s storage) claim(class string, mode corev1.PersistentVolumeAccessMode) {
	s.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claimName},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{mode},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}
	if class != "" {
		claim.Spec.StorageClassName = &class
	}
	_, err := s.client.CoreV1().PersistentVolumeClaims(s.namespace).Create(s.Context(), claim, metav1.CreateOptions{})
	require.NoError(s, err)
}

func (s storage) grow(size string) error {
	patch := fmt.Appendf(nil, `{"spec": {"resources": {"requests": {"storage": %q}}}}`, size)
	_, err := s.client.CoreV1().PersistentVolumeClaims(s.namespace).
		Patch(s.Context(), claimName, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// pod creates the pod that mounts the claim.
func (s storage) pod() {
	s.Helper()
	source := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName}}
	_, err := s.client.CoreV1().Pods(s.namespace).Create(s.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: claimName},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "c", Image: "i", VolumeMounts: []corev1.VolumeMount{{Name: "v", MountPath: "/v"}},
			}},
			Volumes: []corev1.Volume{{Name: "v", VolumeSource: source}},
		},
	}, metav1.CreateOptions{})
	require.NoError(s, err)
}

func bound(claim *corev1.PersistentVolumeClaim) bool { return claim.Status.Phase == corev1.ClaimBound }

// await asks again until ok, and fails after 20 seconds.
func (s storage) await(what string, ok func(ctx context.Context) bool) {
	s.Helper()
	require.Eventually(s, func() bool { return ok(s.Context()) }, 20*time.Second, 20*time.Millisecond, what)
}

func (s storage) awaitClaim(ok func(*corev1.PersistentVolumeClaim) bool) (claim *corev1.PersistentVolumeClaim) {
	s.Helper()
	s.await("the claim", func(ctx context.Context) bool {
		found, err := s.client.CoreV1().PersistentVolumeClaims(s.namespace).Get(ctx, claimName, metav1.GetOptions{})
		claim = found
		return err == nil && ok(found)
	})
	return claim
}

func (s storage) awaitPod(name string) (pod *corev1.Pod) {
	s.Helper()
	s.await("the pod "+name, func(ctx context.Context) bool {
		found, err := s.client.CoreV1().Pods(s.namespace).Get(ctx, name, metav1.GetOptions{})
		pod = found
		return err == nil && found.Status.Phase == corev1.PodRunning
	})
	return pod
}

func (s storage) volume(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	s.Helper()
	volume, err := s.client.CoreV1().PersistentVolumes().Get(s.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
	require.NoError(s, err)
	return volume
}

func (s storage) awaitNoVolume(name string) {
	s.Helper()
	s.await("no volume "+name, func(ctx context.Context) bool {
		_, err := s.client.CoreV1().PersistentVolumes().Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// hasEvent waits for an event with this reason in the namespace, and returns it.
func (s storage) hasEvent(reason string) (event corev1.Event) {
	s.Helper()
	s.await("an event "+reason, func(ctx context.Context) bool {
		options := metav1.ListOptions{FieldSelector: "reason=" + reason}
		events, err := s.client.CoreV1().Events(s.namespace).List(ctx, options)
		if err != nil || len(events.Items) == 0 {
			return false
		}
		event = events.Items[0]
		return true
	})
	return event
}
