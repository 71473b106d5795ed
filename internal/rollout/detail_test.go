package rollout

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func TestDetail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ago := func(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }
		deployment, set, pod := stuck()
		deployment.CreationTimestamp = ago(time.Hour)
		set.CreationTimestamp = ago(time.Minute)
		pod.CreationTimestamp = ago(30 * time.Second)
		crash := waiting("CrashLoopBackOff", "back-off 1m20s restarting failed container")
		crash.RestartCount = 3
		crash.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
			ExitCode: 3, Reason: "Error", FinishedAt: metav1.Now(),
		}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{crash}
		event := func(name string, about types.UID, reason string, last time.Duration, times int32) *corev1.Event {
			return &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: namespace},
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "app-7-x", UID: about},
				Type:           "Warning", Reason: reason, Message: "so it\nis", LastTimestamp: ago(last), Count: times,
			}
		}
		series := event("e", "p", "Seen", time.Hour, 0)
		series.LastTimestamp = metav1.Time{}
		series.Series = &corev1.EventSeries{Count: 4, LastObservedTime: metav1.NewMicroTime(now.Add(-time.Second))}
		failed, _ := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod, series,
			event("a", "p", "Newer", 10*time.Second, 1), event("b", "p", "Older", 20*time.Second, 2),
			event("c", "p", "Older", 25*time.Second, 1), event("d", "another", "Elsewhere", 0, 1)))

		assert.Equal(t, `deployment/app (60m): 0 of 1 pods are available
  replicaset/app-7 (60s): revision 7 (newest), 1 of 1 pods exist, 0 ready
    pod/app-7-x (30s): Pending, on node
      container c, image app:2: CrashLoopBackOff: crash loop, restarted 3 times: ended with exit code 3: Error

Events, newest last:
  20s ago pod/app-7-x Warning Older: so it is (3 times)
  10s ago pod/app-7-x Warning Newer: so it is
  1s ago pod/app-7-x Warning Seen: so it is (4 times)

Last log lines of pod/app-7-x, container c, before its last restart:
  fake logs
`, failed.Detail())
	})
}

func TestSimulatedNodesHaveNoLogs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 1},
		}}}
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: "node", Annotations: map[string]string{simulatedAnnotation: "fake"},
		}}
		failed, _ := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod, node))
		assert.Contains(t, failed.Detail(), "container c, image : ended with exit code 1")
		assert.Equal(t, 0, strings.Count(failed.Detail(), "log lines"))
	})
}

func TestSuccessfulWaitRequestsNoDetail(t *testing.T) {
	t.Parallel()
	deployment, set, pod := finished()
	client := fake.NewClientset(deployment, set, pod)
	assert.NoError(t, Await(t.Context(), client, namespace, time.Minute, Ready("deployment", "app")))
	for _, action := range client.Actions() {
		assert.Contains(t, []string{"list", "watch"}, action.GetVerb())
		assert.Contains(t, []string{"deployments", "replicasets", "pods"}, action.GetResource().Resource)
	}
}
