package steps

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/traderadmin/charts/internal/helm"
)

// A rollback right after `helm upgrade --wait` may come before the old pod is deleted, and would then keep it.
func TestPodsAreRecordedOnceRolloutsHaveEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pod := func(name string) *corev1.Pod {
			return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", UID: types.UID(name)}}
		}
		replicas := int32(1)
		deployment := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop", Generation: 2},
			Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{}},
			// What Helm takes for ready: the new pod is, and the old one is still there.
			Status: appsv1.DeploymentStatus{
				ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 1, ReadyReplicas: 2, AvailableReplicas: 2,
			},
		}
		client := fake.NewClientset(deployment, pod("old"), pod("new"))
		names := &namespaces{client: client, suite: "shop", single: "shop"}
		runner := &helmRunner{
			view:        &view{client: client, namespaces: names, waiter: waiter{time.Minute}},
			recordsPods: true,
		}
		recorded := make(chan error)
		go func() {
			recorded <- runner.recordPods(t.Context(), []string{"rollback", "shop"}, &helm.Invocation{Command: "rollback"})
		}()
		synctest.Wait()
		require.Nil(t, runner.before, "the pods are recorded before the old one is deleted")

		require.NoError(t, client.CoreV1().Pods("shop").Delete(t.Context(), "old", metav1.DeleteOptions{}))
		deployment.Status.Replicas, deployment.Status.ReadyReplicas, deployment.Status.AvailableReplicas = 1, 1, 1
		_, err := client.AppsV1().Deployments("shop").UpdateStatus(t.Context(), deployment, metav1.UpdateOptions{})
		require.NoError(t, err)

		require.NoError(t, <-recorded)
		assert.Equal(t, map[types.UID]bool{"new": true}, runner.before.pods)
	})
}
