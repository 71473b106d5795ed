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

// The nodes only have room for the pods of one scenario. Four scenarios that run side by side create theirs one after
// another, so that no pod is ever unschedulable.
//
// Not parallel, because pods of other tests would use the nodes, too.
func TestScenariosShareTheCapacityOfTheNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short skips tests with many scenarios")
	}
	suite := newSuite(t, func(o *Options) { o.Containers = true })
	pods, err := suite.client.CoreV1().Pods(metav1.NamespaceAll).Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	isUnschedulable := func(c corev1.PodCondition) bool { return c.Reason == corev1.PodReasonUnschedulable }
	waited := make(chan []string)
	seen := 0
	go func() {
		var waiting []string
		for event := range pods.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if ok && slices.ContainsFunc(pod.Status.Conditions, isUnschedulable) {
				waiting = append(waiting, pod.Namespace+"/"+pod.Name)
			}
			seen++
		}
		waited <- waiting
	}()
	feature := "Feature: f\n"
	for i := range 4 {
		feature += fmt.Sprintf("  Scenario: %d\n    "+
			"When I run helm install shop ./shop --set resources.requests.cpu=600 --wait\n", i)
	}

	output, passed := runFeature(t, suite, feature, 4)

	pods.Stop()
	assert.Empty(t, <-waited)
	assert.NotZero(t, seen)
	assert.True(t, passed, output)
}
