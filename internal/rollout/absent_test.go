package rollout

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

func TestAbsenceEndsAWait(t *testing.T) {
	t.Parallel()
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: namespace} }
	for name, test := range map[string]struct {
		objects []runtime.Object
		cause   string
	}{
		"no workloads": {nil, "there is no deployment/go-scaner; the namespace has no workloads"},
		"others, the most similar first": {
			[]runtime.Object{
				&batchv1.Job{ObjectMeta: named("backup")}, &appsv1.Deployment{ObjectMeta: named("go-scanner")},
				&appsv1.StatefulSet{ObjectMeta: named("go-scaner")},
			},
			"the namespace has deployment/go-scanner, statefulset/go-scaner, job/backup",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				exists := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
				client := fake.NewClientset(append(test.objects, exists)...)
				failed, took := waited(t, Ready("deployment", "go-scaner"), client)
				assert.Equal(t, absentGrace, took)
				assert.Contains(t, firstLines(failed), test.cause)

				_, took = waited(t, Ready("deployment", "go-scaner").MayAppear(), client)
				assert.Equal(t, minute, took)
			})
		})
	}
}

// A workload that appears in time is waited for as any other.
func TestAbsenceMayEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := finished()
		exists := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		client := fake.NewClientset(set, pod, exists)
		go func() {
			time.Sleep(absentGrace - time.Millisecond) // of the fake clock
			_, err := client.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{})
			assert.NoError(t, err)
		}()
		require.NoError(t, Await(t.Context(), client, namespace, minute, Ready("deployment", "app")))
	})
}
