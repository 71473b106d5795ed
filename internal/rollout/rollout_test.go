package rollout

import (
	"context"
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

// finished is a Deployment whose rollout is done, with its ReplicaSet and its pod.
func finished() (*appsv1.Deployment, *appsv1.ReplicaSet, *corev1.Pod) {
	replicas := int32(1)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Name: "app", Namespace: namespace, UID: "d", Generation: 2, Annotations: map[string]string{revision: "7"},
		},
		Spec:   appsv1.DeploymentSpec{Replicas: &replicas},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1},
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: "app-7", Namespace: namespace, UID: "s", Annotations: map[string]string{revision: "7"},
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
	}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "app-7-x", Namespace: namespace,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "app:2"}}},
	}
	return deployment, set, pod
}

// await waits for condition in a cluster with these objects, for a moment only.
func await(t *testing.T, condition Condition, objects ...runtime.Object) error {
	return Await(t.Context(), fake.NewClientset(objects...), namespace, 50*time.Millisecond, condition)
}

func TestRolledOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*appsv1.Deployment)
		saw    string // "" where the condition holds
	}{
		"finished":           {change: func(*appsv1.Deployment) {}},
		"not seen yet":       {func(d *appsv1.Deployment) { d.Generation = 3 }, "the controller has not seen generation 3 of it yet"},
		"of an old template": {func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 0 }, "0 of 1 pods are made from its newest template"},
		"not available":      {func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 }, "0 of 1 pods are available"},
		"old pods left":      {func(d *appsv1.Deployment) { d.Status.Replicas = 2 }, "2 pods are there of 1 wanted"},
		"being deleted":      {func(d *appsv1.Deployment) { d.DeletionTimestamp = &metav1.Time{}; d.Finalizers = []string{"f/f"} }, "it is being deleted"},
		"scaled to none": {change: func(d *appsv1.Deployment) {
			*d.Spec.Replicas = 0
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployment, set, pod := finished()
			test.change(deployment)
			err := await(t, Ready("deployment", "app"), deployment, set, pod)
			if test.saw == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "for deployment/app to be rolled out in namespace ns; last seen: "+test.saw)
			assert.Regexp(t, `^waited \d+ms for`, err.Error())
		})
	}
}

func TestAMissingDeploymentIsToldFromItsNeighbours(t *testing.T) {
	t.Parallel()
	deployment, _, _ := finished()

	assert.ErrorContains(t, await(t, Ready("deployment", "ap"), deployment), "there is no deployment/ap, only app")
	assert.ErrorContains(t, await(t, Ready("deployment", "ap")), "there is no deployment/ap, nor any other of its kind")
}

func TestPodsUse(t *testing.T) {
	t.Parallel()
	t.Run("they do", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		assert.NoError(t, await(t, PodsUseImage("app", "app:2"), deployment, set, pod))
	})
	t.Run("they never will", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		err := Await(t.Context(), fake.NewClientset(deployment, set, pod), namespace, time.Hour, PodsUseImage("app", "app:3"))
		assert.ErrorContains(t, err, `for the pods of deployment/app to use image "app:3" in namespace ns: this will not happen: `+
			`it is rolled out, and pod/app-7-x uses ["app:2"]`)
	})
	t.Run("there are none", func(t *testing.T) {
		t.Parallel()
		deployment, set, _ := finished()
		assert.ErrorContains(t, await(t, PodsUseImage("app", "app:2"), deployment, set), "replicaset/app-7 has no pods")
	})
	t.Run("none are wanted", func(t *testing.T) {
		t.Parallel()
		deployment, _, _ := finished()
		*deployment.Spec.Replicas = 0
		deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: 2}
		assert.ErrorContains(t, await(t, PodsUseImage("app", "app:2"), deployment), "it wants 0 replicas")
	})
	t.Run("the newest ReplicaSet is not there yet", func(t *testing.T) {
		t.Parallel()
		deployment, set, pod := finished()
		set.Annotations[revision] = "6"
		assert.ErrorContains(t, await(t, PodsUseImage("app", "app:2"), deployment, set, pod), "has no ReplicaSet of its newest revision yet")
	})
}

func TestWhoMayNotLookIsToldSo(t *testing.T) {
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
	asked := false
	condition := Ready("deployment", "app")
	check := condition.Check
	condition.Check = func(n Namespace) error {
		if err := check(n); err == nil || asked {
			return err
		}
		asked = true
		available := deployment.DeepCopy()
		available.Status.AvailableReplicas = 1
		_, err := client.AppsV1().Deployments(namespace).UpdateStatus(t.Context(), available, metav1.UpdateOptions{})
		require.NoError(t, err)
		return check(n)
	}

	assert.NoError(t, Await(t.Context(), client, namespace, time.Minute, condition))
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	condition := Condition{Want: "nothing", Check: func(Namespace) error {
		cancel()
		return assert.AnError
	}}

	assert.ErrorIs(t, Await(ctx, fake.NewClientset(), namespace, time.Hour, condition), assert.AnError)
}

func TestAwaitSeveral(t *testing.T) {
	t.Parallel()
	deployment, set, pod := finished()
	client := fake.NewClientset(deployment, set, pod)

	require.NoError(t, Await(t.Context(), client, namespace, time.Minute, Ready("deployment", "app"), HookSucceeded("job", "gone")))

	err := Await(t.Context(), client, namespace, 50*time.Millisecond, Ready("deployment", "one"), Ready("deployment", "app"), Ready("job", "other"))
	require.ErrorContains(t, err, "there is no deployment/one")
	require.ErrorContains(t, err, "there is no job/other")
	assert.NotContains(t, err.Error(), "for deployment/app")

	err = Await(t.Context(), client, namespace, time.Minute, Ready("deployment", "one"), PodsUseImage("app", "app:3"))
	require.ErrorContains(t, err, "this will not happen")
	assert.NotContains(t, err.Error(), "deployment/one")
}
