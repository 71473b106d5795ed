package steps

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Scenarios of which the nodes can hold the pods of one alone send theirs one after another, though they run side by side: none of their pods ever waits on the scheduler.
//
// Not parallel: the pods of other tests would take room, too.
func TestScenariosWaitUntilTheNodesHaveRoom(t *testing.T) {
	suite := newSuite(t, func(o *Options) { o.Containers = true })
	pods, err := suite.client.CoreV1().Pods(metav1.NamespaceAll).Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	waited := make(chan []string)
	seen := 0
	go func() {
		var waiting []string
		for event := range pods.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if ok && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Reason == corev1.PodReasonUnschedulable }) {
				waiting = append(waiting, pod.Namespace+"/"+pod.Name)
			}
			seen++
		}
		waited <- waiting
	}()
	feature := "Feature: f\n"
	for i := range 4 {
		feature += fmt.Sprintf("  Scenario: %d\n    When I run helm install shop ./shop --set resources.requests.cpu=600 --wait\n", i)
	}

	output, passed := runFeature(t, suite, feature, 4)

	pods.Stop()
	assert.Empty(t, <-waited)
	assert.NotZero(t, seen)
	assert.True(t, passed, output)
}
