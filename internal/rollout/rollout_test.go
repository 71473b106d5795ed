package rollout

import (
	"context"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const namespace = "ns"

// finished returns a Deployment whose rollout is finished, with its ReplicaSet and its pod.
func finished() (*appsv1.Deployment, *appsv1.ReplicaSet, *corev1.Pod) {
	replicas := int32(1)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Name: "app", Namespace: namespace, UID: "d", Generation: 2,
			Annotations: map[string]string{revisionAnnotation: "7"},
		},
		Spec:   appsv1.DeploymentSpec{Replicas: &replicas},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1},
	}
	byDeployment := *metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: "app-7", Namespace: namespace, UID: "s", OwnerReferences: []metav1.OwnerReference{byDeployment},
		Annotations: map[string]string{revisionAnnotation: "7"},
	}}
	bySet := *metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "app-7-x", Namespace: namespace, OwnerReferences: []metav1.OwnerReference{bySet}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "app:2"}}},
	}
	return deployment, set, pod
}

// await waits briefly for condition in a cluster with these objects.
func await(t *testing.T, condition Condition, objects ...runtime.Object) error {
	return Await(t.Context(), fake.NewClientset(objects...), namespace, 50*time.Millisecond, condition)
}

func TestReadyDeployment(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*appsv1.Deployment)
		cause  string // "" if the condition holds
	}{
		"finished":             {change: func(*appsv1.Deployment) {}},
		"spec not observed":    {func(d *appsv1.Deployment) { d.Generation = 3 }, "has not observed generation 3"},
		"pods not updated":     {func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 0 }, "0 of 1 pods are updated"},
		"pods not available":   {func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 }, "0 of 1 pods are available"},
		"old pods terminating": {func(d *appsv1.Deployment) { d.Status.Replicas = 2 }, "2 pods exist, but 1 are wanted"},
		"being deleted": {func(d *appsv1.Deployment) {
			d.DeletionTimestamp, d.Finalizers = &metav1.Time{}, []string{"f/f"}
		}, "it is being deleted"},
		"scaled to 0": {change: func(d *appsv1.Deployment) {
			*d.Spec.Replicas = 0
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployment, set, pod := finished()
			test.change(deployment)
			err := await(t, Ready("deployment", "app"), deployment, set, pod)
			if test.cause == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "for deployment/app to be rolled out in namespace ns; last seen: ")
			assert.ErrorContains(t, err, test.cause)
			assert.Regexp(t, `^waited \d+ms for`, err.Error())
		})
	}
}

func TestMissingDeployment(t *testing.T) {
	t.Parallel()
	deployment, _, _ := finished()

	assert.ErrorContains(t, await(t, Ready("deployment", "ap"), deployment), "there is no deployment/ap, only app")
	assert.ErrorContains(t, await(t, Ready("deployment", "ap")), "there is no deployment/ap, nor any other deployment")
}

func TestPodsUseImage(t *testing.T) {
	t.Parallel()
	t.Run("all pods use it", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		assert.NoError(t, await(t, PodsUseImage("app", "app:2"), deployment, set, pod))
	})
	t.Run("rolled out with another image", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		client := fake.NewClientset(deployment, set, pod)
		err := Await(t.Context(), client, namespace, time.Hour, PodsUseImage("app", "app:3"))
		assert.True(t, isPermanent(err))
		assert.ErrorContains(t, err, `for deployment/app to use image "app:3"`)
		assert.ErrorContains(t, err, `pod/app-7-x uses ["app:2"]`)
	})
	t.Run("no pods yet", func(t *testing.T) {
		t.Parallel()
		deployment, set, _ := finished()
		err := await(t, PodsUseImage("app", "app:2"), deployment, set)
		assert.False(t, isPermanent(err))
		assert.ErrorContains(t, err, "it has no pods of its newest revision yet")
	})
	t.Run("scaled to 0", func(t *testing.T) {
		t.Parallel()
		deployment, _, _ := finished()
		*deployment.Spec.Replicas = 0
		deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: 2}
		err := await(t, PodsUseImage("app", "app:2"), deployment)
		assert.True(t, isPermanent(err))
		assert.ErrorContains(t, err, "it wants 0 pods")
	})
	t.Run("no ReplicaSet of the newest revision yet", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		set.Annotations[revisionAnnotation] = "6"
		err := await(t, PodsUseImage("app", "app:2"), deployment, set, pod)
		assert.False(t, isPermanent(err))
		assert.ErrorContains(t, err, "it has no pods of its newest revision yet")
	})
}

func TestForbiddenListIsReported(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset()
	client.PrependReactor("list", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(appsv1.Resource("deployments"), "", errorString("no right to list"))
	})
	err := Await(t.Context(), client, namespace, 50*time.Millisecond, Ready("deployment", "app"))
	assert.ErrorContains(t, err, "failed to list *v1.Deployment: deployments.apps is forbidden: no right to list")
}

func TestAwaitSeesChanges(t *testing.T) {
	t.Parallel()
	deployment, set, pod := finished()
	deployment.Status.AvailableReplicas = 0
	client := fake.NewClientset(deployment, set, pod)
	changed := false
	condition := Ready("deployment", "app")
	check := condition.check
	condition.check = func(seen *target) error {
		err := check(seen)
		if err != nil && !changed {
			changed = true
			available := deployment.DeepCopy()
			available.Status.AvailableReplicas = 1
			_, err := client.AppsV1().Deployments(namespace).UpdateStatus(t.Context(), available, metav1.UpdateOptions{})
			require.NoError(t, err)
		}
		return err
	}

	assert.NoError(t, Await(t.Context(), client, namespace, time.Minute, condition))
	assert.True(t, changed)
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	condition := Condition{kind: "pod", name: "app", goal: "be checked", check: func(*target) error {
		cancel()
		return assert.AnError
	}}

	assert.ErrorIs(t, Await(ctx, fake.NewClientset(), namespace, time.Hour, condition), assert.AnError)
}

func TestAwaitSeveralConditions(t *testing.T) {
	t.Parallel()
	deployment, set, pod := finished()
	client := fake.NewClientset(deployment, set, pod)
	missing, ready := Ready("deployment", "one"), Ready("deployment", "app")

	require.NoError(t, Await(t.Context(), client, namespace, time.Minute, ready, HookSucceeded("job", "gone")))

	err := Await(t.Context(), client, namespace, 50*time.Millisecond, missing, ready, Ready("job", "other"))
	require.ErrorContains(t, err, "there is no deployment/one")
	require.ErrorContains(t, err, "there is no job/other")
	assert.NotContains(t, err.Error(), "for deployment/app")

	err = Await(t.Context(), client, namespace, time.Minute, missing, PodsUseImage("app", "app:3"))
	require.True(t, isPermanent(err))
	assert.NotContains(t, err.Error(), "deployment/one")
}

// This test is not parallel, because it looks at all goroutines of the process.
func TestAwaitJoinsItsGoroutines(t *testing.T) {
	deployment, set, pod := finished()
	for name, condition := range map[string]Condition{
		"success": Ready("deployment", "app"),
		"timeout": Ready("job", "app"),
	} {
		_ = await(t, condition, deployment, set, pod)

		// A goroutine of client-go that has delivered its result may still have to return.
		assert.Eventually(t, func() bool {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:goruntime.Stack(stacks, true)]
			return !strings.Contains(string(stacks), "client-go/tools/cache")
		}, 5*time.Second, time.Millisecond, name)
	}
}
