package workload_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/internal/workload"
)

func TestReady(t *testing.T) {
	t.Parallel()
	pod := func(condition corev1.PodConditionType, status corev1.ConditionStatus) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
				{Type: condition, Status: status},
			},
		}}
	}
	terminating := pod(corev1.PodReady, corev1.ConditionTrue)
	terminating.DeletionTimestamp = new(metav1.Now())

	assert.True(t, workload.Ready(pod(corev1.PodReady, corev1.ConditionTrue)))
	assert.False(t, workload.Ready(pod(corev1.PodReady, corev1.ConditionFalse)))
	assert.False(t, workload.Ready(pod(corev1.PodReady, corev1.ConditionUnknown)))
	assert.False(t, workload.Ready(pod(corev1.ContainersReady, corev1.ConditionTrue)))
	assert.False(t, workload.Ready(&corev1.Pod{}))
	assert.False(t, workload.Ready(terminating))
}
