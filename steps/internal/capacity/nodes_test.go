package capacity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
)

func TestMeasureCountsSchedulableNodesAndForeignPods(t *testing.T) {
	t.Parallel()
	resources := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(cpu),
			corev1.ResourceMemory: resource.MustParse(memory),
		}
	}
	node := func(name string) *corev1.Node {
		allocatable := resources("2", "1Gi")
		allocatable[corev1.ResourcePods] = resource.MustParse("110")
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status:     corev1.NodeStatus{Allocatable: allocatable},
		}
	}
	pod := func(namespace, name, node string, phase corev1.PodPhase) *corev1.Pod {
		requests := corev1.ResourceRequirements{Requests: resources("250m", "64Mi")}
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Resources: requests}}},
			Status:     corev1.PodStatus{Phase: phase},
		}
	}
	tainted, cordoned := node("tainted"), node("cordoned")
	tainted.Spec.Taints = []corev1.Taint{
		{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule},
	}
	cordoned.Spec.Unschedulable = true
	cluster := fake.NewClientset(
		node("a"), node("b"), tainted, cordoned,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ours", Labels: map[string]string{"run": "this"}}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}},
		pod("theirs", "runs", "a", corev1.PodRunning),
		pod("theirs", "starts", "b", corev1.PodPending),
		pod("theirs", "ended", "a", corev1.PodSucceeded),
		pod("theirs", "waits", "", corev1.PodPending),
		pod("theirs", "elsewhere", "tainted", corev1.PodRunning),
		pod("ours", "runs", "a", corev1.PodRunning),
	)

	size, err := measure(t.Context(), cluster, labels.SelectorFromSet(labels.Set{"run": "this"}))

	require.NoError(t, err)
	assert.Equal(t, Amount{CPU: 3500, Memory: 2<<30 - 128<<20, Pods: 218}, size)
}
