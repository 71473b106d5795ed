package rollout

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

func TestSettled(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "app", Namespace: namespace, Generation: 2}
	replicas := int32(1)
	deployment := func(paused bool, pods int32) runtime.Object {
		return &appsv1.Deployment{
			ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: &replicas, Paused: paused},
			Status: appsv1.DeploymentStatus{
				ObservedGeneration: 2, Replicas: pods, UpdatedReplicas: 1, AvailableReplicas: pods,
			},
		}
	}
	onDelete := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}}
	onDelete.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	unwanted := &appsv1.DaemonSet{ObjectMeta: meta}
	unwanted.Status.ObservedGeneration = 2
	for name, test := range map[string]struct {
		kind    string
		object  runtime.Object
		settled bool
	}{
		"an old pod is left":             {"deployment", deployment(false, 2), false},
		"only new pods":                  {"deployment", deployment(false, 1), true},
		"paused":                         {"deployment", deployment(true, 2), true},
		"another kind":                   {"daemonset", deployment(false, 2), true},
		"pods are replaced by hand":      {"statefulset", onDelete, true},
		"a DaemonSet that wants no pods": {"daemonset", unwanted, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := Await(t.Context(), fake.NewClientset(test.object), namespace, minute, Settled(test.kind, "app"))
				assert.Equal(t, test.settled, err == nil, err)
			})
		})
	}
}
