package rollout

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// claim returns a claim that is not bound, for the claim "data" of the pod in these tests.
func claim(name, class string) *corev1.PersistentVolumeClaim {
	unbound := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	unbound.Status.Phase = corev1.ClaimPending
	if class != "none" {
		unbound.Spec.StorageClassName = &class
	}
	return unbound
}

func TestClaimsEndAWait(t *testing.T) {
	t.Parallel()
	class := func(name, isDefault string) *storagev1.StorageClass {
		return &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{defaultClass: isDefault}},
		}
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "v"}}
	volume.Spec.StorageClassName = "fsat"
	for name, test := range map[string]struct {
		objects []runtime.Object
		cause   string // "" if only the timeout ends the wait
	}{
		"no claim": {nil, "persistentvolumeclaim/data does not exist)"},
		"another claim": {
			[]runtime.Object{claim("date", "fast")},
			"persistentvolumeclaim/data does not exist; the namespace has persistentvolumeclaim/date)",
		},
		"unknown class": {
			[]runtime.Object{claim("data", "fsat"), class("slow", ""), class("fast", "true")},
			"persistentvolumeclaim/data names the StorageClass fsat, which does not exist; the cluster has fast, slow)",
		},
		"no classes": {
			[]runtime.Object{claim("data", "fsat")}, "names the StorageClass fsat, which does not exist; the cluster has none)",
		},
		"no default class": {
			[]runtime.Object{claim("data", "none"), class("slow", "")},
			"persistentvolumeclaim/data names no StorageClass, and no StorageClass is the default; the cluster has slow)",
		},
		"no class, and no volume": {
			[]runtime.Object{claim("data", ""), class("slow", "true")}, "asks for a volume without a StorageClass",
		},
		"a class without a provisioner, with a volume": {[]runtime.Object{claim("data", "fsat"), volume}, ""},
		"known class":   {[]runtime.Object{claim("data", "fast"), class("fast", "")}, ""},
		"default class": {[]runtime.Object{claim("data", "none"), class("fast", "true")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Spec.NodeName = ""
				pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
				}}}
				pod.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
					Message: "pod has unbound immediate PersistentVolumeClaims",
				}}
				client := fake.NewClientset(append(test.objects, deployment, set, pod)...)
				failed, took := waited(t, Ready("deployment", "app"), client)
				if test.cause == "" {
					assert.Equal(t, minute, took)
					return
				}
				assert.Less(t, took, claimGrace+confirmInterval)
				assert.Contains(t, firstLines(failed), "pod/app-7-x")
				assert.Contains(t, firstLines(failed), test.cause)
			})
		})
	}
}
