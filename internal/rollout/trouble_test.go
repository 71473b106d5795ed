package rollout

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// stuck is finished, but for a pod that is not ready.
func stuck() (*appsv1.Deployment, *appsv1.ReplicaSet, *corev1.Pod) {
	deployment, set, pod := finished()
	deployment.Status.AvailableReplicas = 0
	set.UID, pod.UID = "s", "p"
	set.Spec.Replicas = deployment.Spec.Replicas
	pod.Spec.NodeName = "node"
	pod.Status.Phase = corev1.PodPending
	return deployment, set, pod
}

func waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "c", Image: "app:2", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

// minute is how long the waits of these tests would last if nothing ended them. The clock is synctest's: no test takes as long.
const minute = time.Minute

// waited waits for condition, a minute at most, and returns the error and how long it took.
func waited(t *testing.T, condition Condition, client *fake.Clientset) (failed *Error, took time.Duration) {
	started := time.Now()
	err := Await(t.Context(), client, namespace, minute, condition)
	require.ErrorAs(t, err, &failed)
	return failed, time.Since(started)
}

func TestTroublesOfPodsEndAWait(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		after  time.Duration // minute where only the timeout ends it
		saw    string
	}{
		"name of the image":  {waiting("InvalidImageName", "couldn't parse image name"), 0, `image "app:2" cannot be pulled: InvalidImageName`},
		"no such host":       {waiting("ErrImagePull", "dial tcp: lookup x.invalid: no such host"), 0, `image "app:2" cannot be pulled: ErrImagePull: dial tcp: lookup x.invalid: no such host`},
		"no such image":      {waiting("ImagePullBackOff", "docker.io/library/app:2: not found"), 0, "docker.io/library/app:2: not found"},
		"no right to pull":   {waiting("ImagePullBackOff", "pull access denied"), 0, "pull access denied"},
		"a slow registry":    {waiting("ErrImagePull", "i/o timeout"), 30 * time.Second, `image "app:2" cannot be pulled: ErrImagePull: i/o timeout`},
		"a missing key":      {waiting("CreateContainerConfigError", `secret "s" not found`), 10 * time.Second, `CreateContainerConfigError: secret "s" not found`},
		"a slow start":       {waiting("ContainerCreating", ""), minute, "0 of 1 pods are available"},
		"a reason of others": {waiting("Elsewhere", "so"), minute, "container c: Elsewhere: so"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{test.status}
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
				assert.Contains(t, firstLines(failed), test.saw)
				assert.Equal(t, 1, strings.Count(failed.Error(), test.saw), "it is said once")
				assert.Equal(t, test.after, took)
				assert.Equal(t, test.after < minute, strings.Contains(failed.Error(), "this will not happen"))
				assert.Contains(t, failed.Detail(), "    pod/app-7-x (")
			})
		})
	}
}

// crashed is a container in a crash loop that ended ago.
func crashed(restarts int32, says string, ago time.Duration) corev1.ContainerStatus {
	crash := waiting("CrashLoopBackOff", says)
	crash.RestartCount = restarts
	crash.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
		ExitCode: 3, Reason: "Error", Message: "no\nconfig", FinishedAt: metav1.NewTime(time.Now().Add(-ago)),
	}
	return crash
}

// A crash loop ends a wait, of a minute here, when the next start would come after it.
func TestACrashLoopEndsAWaitThatTheNextStartComesAfter(t *testing.T) {
	t.Parallel()
	const says = " restarting failed container=c pod=app-7-x"
	for name, test := range map[string]struct {
		status func() corev1.ContainerStatus
		early  bool
		saw    string
	}{
		"it comes before":        {func() corev1.ContainerStatus { return crashed(3, "back-off 40s"+says, 0) }, false, "crash loop, restarted 3 times"},
		"it comes just before":   {func() corev1.ContainerStatus { return crashed(4, "back-off 1m20s"+says, 21*time.Second) }, false, "crash loop, restarted 4 times"},
		"it comes just after":    {func() corev1.ContainerStatus { return crashed(4, "back-off 1m20s"+says, 19*time.Second) }, true, "crash loop, restarted 4 times"},
		"it comes in minutes":    {func() corev1.ContainerStatus { return crashed(9, "back-off 5m0s"+says, 0) }, true, "it is started again in 5m0s, and the wait would end in 1m0s"},
		"nobody says when":       {func() corev1.ContainerStatus { return crashed(9, "restarting at leisure", 0) }, false, "crash loop, restarted 9 times"},
		"nobody says since when": {func() corev1.ContainerStatus { return waiting("CrashLoopBackOff", "back-off 5m0s"+says) }, false, "crash loop, restarted 0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{test.status()}
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
				assert.Contains(t, firstLines(failed), test.saw)
				assert.Equal(t, 1, strings.Count(failed.Error(), "crash loop"), "it is said once")
				assert.Equal(t, test.early, took == 0, "it took %s", took)
				assert.Equal(t, test.early, strings.Contains(failed.Error(), "this will not happen"))
			})
		})
	}
}

// The back-off of a kubelet: who crashes each time ends the wait with the crash after which there is no other start, and who recovers is waited for.
func TestACrashLoopMayRecover(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		recovers int // after so many restarts
		wait     time.Duration
		took     time.Duration
		saw      string // "" where it recovers
	}{
		"it waits for its database":          {5, 5 * time.Minute, 150 * time.Second, ""},
		"it never will, in a minute":         {9, time.Minute, 30 * time.Second, "crash loop, restarted 3 times: ended with exit code 3: Error: no config; it is started again in 40s, and the wait would end in 30s"},
		"it never will, in five":             {9, 5 * time.Minute, 150 * time.Second, "crash loop, restarted 5 times"},
		"it never will, in a quarter's time": {9, 15 * time.Minute, 610 * time.Second, "crash loop, restarted 7 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				client := fake.NewClientset(deployment, set, pod)
				ctx, cancel := context.WithCancel(t.Context())
				var kubelet sync.WaitGroup
				kubelet.Go(func() { playCrashes(ctx, t, client, pod, test.recovers) })
				started := time.Now()
				err := Await(t.Context(), client, namespace, test.wait, Ready("deployment", "app"))
				took := time.Since(started)
				cancel()
				kubelet.Wait()
				assert.Equal(t, test.took, took.Round(time.Second))
				if test.saw == "" {
					require.NoError(t, err)
					return
				}
				assert.ErrorContains(t, err, "this will not happen")
				assert.ErrorContains(t, err, test.saw)
			})
		})
	}
}

// playCrashes has a container crash as soon as it is started, and start as a kubelet starts it, until it has been restarted often enough.
func playCrashes(ctx context.Context, t *testing.T, client *fake.Clientset, pod *corev1.Pod, recovers int) {
	pause := 10 * time.Second
	for restarts := 1; restarts < recovers; restarts++ {
		pod = pod.DeepCopy()
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{crashed(int32(restarts), fmt.Sprintf("back-off %s restarting failed container=c pod=app-7-x", pause), 0)}
		_, err := client.CoreV1().Pods(namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
		assert.NoError(t, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			pause = min(2*pause, 5*time.Minute)
		}
	}
	deployment, _, _ := finished()
	_, err := client.AppsV1().Deployments(namespace).UpdateStatus(t.Context(), deployment, metav1.UpdateOptions{})
	assert.NoError(t, err)
}

func firstLines(err error) string {
	lines := strings.SplitN(err.Error(), "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], "\n")
}

func TestWhatOlderRevisionsLeftEndsNoWait(t *testing.T) {
	t.Parallel()
	broken := []corev1.ContainerStatus{waiting("ErrImagePull", "no such host")}
	stale := []appsv1.ReplicaSetCondition{{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota"}}
	for name, change := range map[string]func(*appsv1.Deployment, *appsv1.ReplicaSet, *corev1.Pod){
		"pods of an older ReplicaSet": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			set.Annotations[revision] = "6"
			pod.Status.ContainerStatuses = broken
		},
		"pods of the newest one that the controller knows": func(d *appsv1.Deployment, _ *appsv1.ReplicaSet, pod *corev1.Pod) {
			d.Generation++
			pod.Status.ContainerStatuses = broken
		},
		"pods on their way out": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			*set.Spec.Replicas = 0
			pod.DeletionTimestamp, pod.Finalizers = &metav1.Time{Time: time.Now()}, []string{"f/f"}
			pod.Status.ContainerStatuses = broken
		},
		"a refusal that the controller has yet to take back": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			*set.Spec.Replicas = 2
			set.Status.Conditions = stale
		},
		"the deadline of an older generation": func(d *appsv1.Deployment, _ *appsv1.ReplicaSet, _ *corev1.Pod) {
			d.Generation++
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				change(deployment, set, pod)
				client := fake.NewClientset(deployment, set, pod)
				answer(client, nil)
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.Equal(t, minute, took, failed)
				assert.NotContains(t, failed.Error(), "will not happen")
			})
		})
	}
}

// answer has client answer every dry run of a pod with err, or accept it.
func answer(client *fake.Clientset, err error) {
	client.PrependReactor("create", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.Pod{}, err
	})
}

func forbidden(why string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "app-7-x", errorString(why))
}

type errorString string

func (e errorString) Error() string { return string(e) }

func TestPodsThatAreNotMade(t *testing.T) {
	t.Parallel()
	const controller, asked = 0 * time.Second, makingTakes
	for name, test := range map[string]struct {
		says   string // the controller
		answer error  // of the API server
		after  time.Duration
		saw    string
	}{
		"a quota below the request": {"FailedCreate", forbidden("exceeded quota: q, requested: cpu=2, used: cpu=0, limited: cpu=1500m"), controller, "exceeded quota: q, requested: cpu=2"},
		"a full quota":              {"FailedCreate", forbidden("exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2"), refusalLasts, "exceeded quota: q, requested: cpu=1"},
		"a LimitRange":              {"FailedCreate", forbidden("maximum cpu usage per Container is 1, but limit is 2"), controller, "maximum cpu usage per Container is 1"},
		"no word of the controller": {"", forbidden(`violates PodSecurity "restricted:latest"`), asked, "violates PodSecurity"},
		"an account to come":        {"FailedCreate", forbidden(`error looking up service account ns/x: serviceaccount "x" not found`), refusalLasts, `serviceaccount "x" not found`},
		"may not ask":               {"FailedCreate: by quota", forbidden(`User "u" cannot create resource "pods" in API group ""`), refusalLasts, "by quota"},
		"no answer":                 {"FailedCreate", assert.AnError, minute, "1 of 1 pods"},
		"it would be taken":         {"FailedCreate", nil, minute, "1 of 1 pods"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, _ := stuck()
				deployment.Status.UpdatedReplicas, deployment.Status.Replicas = 0, 0
				if test.says != "" {
					set.Status.Conditions = []appsv1.ReplicaSetCondition{{
						Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: test.says,
					}}
				}
				client := fake.NewClientset(deployment, set)
				answer(client, test.answer)
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.Equal(t, test.after, took, failed)
				if test.after < minute {
					assert.Contains(t, firstLines(failed), "this will not happen: replicaset/app-7 cannot make its pods: ")
					assert.Contains(t, firstLines(failed), test.saw)
				}
			})
		})
	}
}

// What a quota says is used may be out of date: only pods that are there fill it.
func TestAQuotaThatIsSeenToBeFull(t *testing.T) {
	t.Parallel()
	running := func(name string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
	}
	ended := running("ended")
	ended.Status.Phase = corev1.PodSucceeded
	large := running("large")
	large.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")}, Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}}}
	for name, test := range map[string]struct {
		requested, hard string
		scopes          []corev1.ResourceQuotaScope
		pods            []runtime.Object
		after           time.Duration
	}{
		"of pods":             {"pods=1", "pods=2", nil, []runtime.Object{running("a"), running("b")}, fullLasts},
		"one has ended":       {"pods=1", "pods=2", nil, []runtime.Object{running("a"), ended}, refusalLasts},
		"of CPU":              {"requests.cpu=1", "requests.cpu=2", nil, []runtime.Object{large}, fullLasts},
		"of limits":           {"limits.memory=512Mi", "limits.memory=1Gi", nil, []runtime.Object{large}, fullLasts},
		"of what is not seen": {"requests.example.com/gpu=1", "requests.example.com/gpu=1", nil, []runtime.Object{large}, refusalLasts},
		"of some pods":        {"pods=1", "pods=1", []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}, []runtime.Object{large}, refusalLasts},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, _ := stuck()
				deployment.Status.UpdatedReplicas, deployment.Status.Replicas = 0, 0
				quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: quantities(test.hard), Scopes: test.scopes}}
				client := fake.NewClientset(append(test.pods, deployment, set, quota)...)
				answer(client, forbidden(fmt.Sprintf("exceeded quota: q, requested: %s, used: %s, limited: %s", test.requested, test.hard, test.hard)))
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.LessOrEqual(t, took-test.after, proofEvery, failed)
				assert.GreaterOrEqual(t, took, test.after, failed)
				assert.Contains(t, firstLines(failed), "exceeded quota: q")
			})
		})
	}
}

func TestAFullQuotaIsWaitedForWhileAPodGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, going := stuck()
		going.OwnerReferences, going.Finalizers, going.DeletionTimestamp = nil, []string{"f/f"}, &metav1.Time{Time: time.Now()}
		client := fake.NewClientset(deployment, set, going)
		answer(client, forbidden("exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2"))
		_, took := waited(t, Ready("deployment", "app"), client)
		assert.Equal(t, minute, took)
	})
}

func TestTheProgressDeadlineEndsAWaitThatItLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		deployment.Status.Conditions = []appsv1.DeploymentCondition{{
			Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded", Message: `ReplicaSet "app-7" has timed out progressing.`,
		}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
		failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
		assert.Equal(t, 5*time.Second, took)
		assert.Contains(t, firstLines(failed), "this will not happen: ProgressDeadlineExceeded: ")

		pod.Spec.Containers[0].Name = "c"
		failed, _ = waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
		assert.Contains(t, firstLines(failed), "pod/app-7-x, container c: running, but not ready")
	})
}

func TestAMountThatDoesNotExist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		optional := true
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{waiting("ContainerCreating", "")}
		pod.Spec.Volumes = []corev1.Volume{
			{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "here"}}}},
			{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "maybe", Optional: &optional}}},
			{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "gone"}}},
			}}}},
		}
		here := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "here", Namespace: namespace}}
		failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod, here))
		assert.Equal(t, 5*time.Second, took)
		assert.Contains(t, firstLines(failed), "pod/app-7-x mounts what does not exist: secret/gone")
	})
}

func TestAPodThatFitsNoNode(t *testing.T) {
	t.Parallel()
	always := corev1.ContainerRestartPolicyAlways
	list := func(cpu string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	of := func(cpu string) corev1.Container {
		return corev1.Container{Resources: corev1.ResourceRequirements{Requests: list(cpu)}}
	}
	sidecar := of("1")
	sidecar.RestartPolicy = &always
	for name, test := range map[string]struct {
		spec corev1.PodSpec
		why  string // "" where a node could hold it
	}{
		"fits when nothing else runs":     {corev1.PodSpec{Containers: []corev1.Container{of("3"), of("1")}}, ""},
		"containers together":             {corev1.PodSpec{Containers: []corev1.Container{of("3"), of("2")}}, "it requests cpu 5, and no node that it may use has more than 4"},
		"with a sidecar":                  {corev1.PodSpec{InitContainers: []corev1.Container{sidecar}, Containers: []corev1.Container{of("3500m")}}, "it requests cpu 4500m"},
		"an init container alone":         {corev1.PodSpec{InitContainers: []corev1.Container{of("5")}, Containers: []corev1.Container{of("1")}}, "it requests cpu 5"},
		"an init container, then others":  {corev1.PodSpec{InitContainers: []corev1.Container{of("4")}, Containers: []corev1.Container{of("4")}}, ""},
		"with overhead":                   {corev1.PodSpec{Containers: []corev1.Container{of("4")}, Overhead: list("1")}, "it requests cpu 5"},
		"as a whole":                      {corev1.PodSpec{Containers: []corev1.Container{of("1")}, Resources: &corev1.ResourceRequirements{Requests: list("9")}}, "it requests cpu 9"},
		"what no node has":                {corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"gpu": resource.MustParse("1")}}}}}, "it requests gpu 1, and no node that it may use has more than 0"},
		"only nodes that it may not use":  {corev1.PodSpec{NodeSelector: map[string]string{"size": "small"}, Containers: []corev1.Container{of("2")}}, "it requests cpu 2, and no node that it may use has more than 1"},
		"no node with the labels":         {corev1.PodSpec{NodeSelector: map[string]string{"size": "huge"}}, "no node has the labels of its nodeSelector: size=huge"},
		"merely no room (a request of 0)": {corev1.PodSpec{Containers: []corev1.Container{of("0")}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Spec = test.spec
				pod.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/2 nodes are available",
				}}
				small := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "small", Labels: map[string]string{"size": "small"}}, Status: corev1.NodeStatus{Allocatable: list("1")}}
				large := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "large"}, Status: corev1.NodeStatus{Allocatable: list("4")}}
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod, small, large))
				assert.Contains(t, firstLines(failed), "pod/app-7-x: Unschedulable: 0/2 nodes are available")
				assert.Contains(t, firstLines(failed), test.why)
				assert.Equal(t, test.why == "", took == minute, "it took %s", took)
			})
		})
	}
}

func TestAMissingNamespace(t *testing.T) {
	t.Parallel()
	there := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	going := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, DeletionTimestamp: &metav1.Time{Time: time.Now()}, Finalizers: []string{"f/f"}}}
	for name, test := range map[string]struct {
		objects []runtime.Object
		after   time.Duration
		saw     string
	}{
		"not there":     {nil, time.Second, "this will not happen: there is no namespace ns"},
		"being deleted": {[]runtime.Object{going}, time.Second, "this will not happen: the namespace ns is being deleted"},
		"there":         {[]runtime.Object{there}, minute, "last seen: there is no deployment/app"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(test.objects...))
				assert.Equal(t, test.after, took)
				assert.Contains(t, firstLines(failed), test.saw)
			})
		})
	}
}

// Troubles that come and go do not add up.
func TestATroubleHasToLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		client := fake.NewClientset(deployment, set, pod)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			states := []corev1.ContainerStatus{waiting("ErrImagePull", "timeout"), waiting("ContainerCreating", "")}
			for i := 0; ctx.Err() == nil; i++ {
				changed := pod.DeepCopy()
				changed.Status.ContainerStatuses = states[i%2 : i%2+1]
				_, _ = client.CoreV1().Pods(namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Second):
				}
			}
		}()
		_, took := waited(t, Ready("deployment", "app"), client)
		assert.Equal(t, minute, took)
		cancel()
		<-done
	})
}

func TestTheErrorIsShort(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		messages []string // of the pods
		lines    []string // after the first one
	}{
		"all the same":  {[]string{"so", "so", "so"}, []string{"    pod/app-7-x0, container c: Elsewhere: so"}},
		"all different": {[]string{"a", "b", "c", "d", "e"}, []string{"    pod/app-7-x0, container c: Elsewhere: a", "    pod/app-7-x1, container c: Elsewhere: b", "    and 3 more like these"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				objects := []runtime.Object{deployment, set}
				for i, message := range test.messages {
					p := pod.DeepCopy()
					p.Name = fmt.Sprintf("%s%d", p.Name, i)
					p.UID = types.UID(p.Name)
					p.Status.ContainerStatuses = []corev1.ContainerStatus{waiting("Elsewhere", message)}
					objects = append(objects, p)
				}
				failed, _ := waited(t, Ready("deployment", "app"), fake.NewClientset(objects...))
				assert.Equal(t, test.lines, strings.Split(failed.Error(), "\n")[1:])
				for i := range test.messages {
					assert.Contains(t, failed.Detail(), fmt.Sprintf("pod/app-7-x%d (", i))
				}
			})
		})
	}
}

func TestOtherKinds(t *testing.T) {
	t.Parallel()
	replicas := int32(2)
	meta := metav1.ObjectMeta{Name: "app", Namespace: namespace, UID: "w", Generation: 1}
	statefulSet := func(change func(*appsv1.StatefulSetStatus)) runtime.Object {
		s := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}, Status: appsv1.StatefulSetStatus{
			ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2,
		}}
		change(&s.Status)
		return s
	}
	daemonSet := func(change func(*appsv1.DaemonSetStatus)) runtime.Object {
		s := &appsv1.DaemonSet{ObjectMeta: meta, Status: appsv1.DaemonSetStatus{
			ObservedGeneration: 1, DesiredNumberScheduled: 2, UpdatedNumberScheduled: 2, NumberAvailable: 2,
		}}
		change(&s.Status)
		return s
	}
	job := func(conditions ...batchv1.JobCondition) runtime.Object {
		return &batchv1.Job{ObjectMeta: meta, Status: batchv1.JobStatus{Failed: 1, Conditions: conditions}}
	}
	pod := func(phase corev1.PodPhase, conditions ...corev1.PodCondition) runtime.Object {
		return &corev1.Pod{ObjectMeta: meta, Status: corev1.PodStatus{Phase: phase, Conditions: conditions, Reason: "Evicted"}}
	}
	for _, test := range []struct {
		kind   string
		object runtime.Object
		saw    string // "" where the condition holds
	}{
		{"statefulset", statefulSet(func(*appsv1.StatefulSetStatus) {}), ""},
		{"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.ObservedGeneration = 0 }), "has not seen generation 1"},
		{"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.UpdatedReplicas = 1 }), "1 of 2 pods are made from its newest template"},
		{"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.AvailableReplicas = 1 }), "1 of 2 pods are available"},
		{"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.Replicas = 3 }), "3 pods are there of 2 wanted"},
		{"statefulset", job(), "there is no statefulset/app, nor any other of its kind"},
		{"daemonset", daemonSet(func(*appsv1.DaemonSetStatus) {}), ""},
		{"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.ObservedGeneration = 0 }), "has not seen generation 1"},
		{"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { *s = appsv1.DaemonSetStatus{ObservedGeneration: 1} }), "no node is meant to have a pod of it"},
		{"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.UpdatedNumberScheduled = 1 }), "1 of 2 pods are made from its newest template"},
		{"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.NumberAvailable = 1 }), "1 of 2 pods are available"},
		{"job", job(batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}), ""},
		{"job", job(), "last seen: 0 of 1 pods have succeeded, 1 failed"},
		{"job", job(batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", Message: "too often"}), "this will not happen: it failed: BackoffLimitExceeded: too often"},
		{"pod", pod(corev1.PodRunning, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}), ""},
		{"pod", pod(corev1.PodSucceeded), ""},
		{"pod", pod(corev1.PodRunning), "it is Running, not ready"},
		{"pod", pod(corev1.PodFailed), "this will not happen: it failed: Evicted"},
		{"service", pod(corev1.PodRunning), `"service" is no kind that can be waited for: choose one of daemonset, deployment, job, pod, statefulset`},
	} {
		t.Run(test.kind+" "+test.saw, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(test.object, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
				answer(client, nil)
				if test.saw == "" {
					assert.NoError(t, Await(t.Context(), client, namespace, minute, Ready(test.kind, "app")))
					return
				}
				failed, _ := waited(t, Ready(test.kind, "app"), client)
				assert.Contains(t, firstLines(failed), test.saw)
			})
		})
	}
}

func TestOnlyPodsOfTheNewestRevisionCount(t *testing.T) {
	t.Parallel()
	replicas := int32(2)
	meta := metav1.ObjectMeta{Name: "app", Namespace: namespace, UID: "w", Generation: 1}
	statefulSet := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}, Status: appsv1.StatefulSetStatus{
		ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 1, UpdateRevision: "new",
	}}
	daemonSet := &appsv1.DaemonSet{ObjectMeta: meta, Status: appsv1.DaemonSetStatus{ObservedGeneration: 1, DesiredNumberScheduled: 2}}
	daemonSet.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "new"}
	byStateful := *metav1.NewControllerRef(statefulSet, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))
	byDaemon := *metav1.NewControllerRef(daemonSet, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))
	made := func(owner metav1.OwnerReference, name string) runtime.Object {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: namespace, OwnerReferences: []metav1.OwnerReference{owner},
			Labels: map[string]string{appsv1.StatefulSetRevisionLabel: name, generationLabel: name},
		}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waiting("ErrImagePull", "no such host")}
		return p
	}
	for name, test := range map[string]struct {
		kind    string
		objects []runtime.Object
		early   bool
	}{
		"statefulset, old": {"statefulset", []runtime.Object{statefulSet, made(byStateful, "old")}, false},
		"statefulset, new": {"statefulset", []runtime.Object{statefulSet, made(byStateful, "new")}, true},
		"daemonset, old":   {"daemonset", []runtime.Object{daemonSet, made(byDaemon, "old")}, false},
		"daemonset, new":   {"daemonset", []runtime.Object{daemonSet, made(byDaemon, "new")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(test.objects...)
				answer(client, nil)
				_, took := waited(t, Ready(test.kind, "app"), client)
				assert.Equal(t, test.early, took < minute, "it took %s", took)
			})
		})
	}
}
