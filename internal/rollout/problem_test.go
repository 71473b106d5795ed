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

// stuck returns the objects of finished, except that the pod is not ready.
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

var runningState = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}

// minute is the timeout of the waits in these tests. They use the fake clock of synctest, so no test takes as long.
const minute = time.Minute

// waited waits for condition, for a minute at most, and returns the error and how long the wait took.
func waited(t *testing.T, condition Condition, client *fake.Clientset) (failed *Error, took time.Duration) {
	started := time.Now()
	err := Await(t.Context(), client, namespace, minute, condition)
	require.ErrorAs(t, err, &failed)
	return failed, time.Since(started)
}

func TestContainerProblemsEndAWait(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		after  time.Duration // minute if only the timeout ends the wait
		cause  string
	}{
		"invalid image name": {
			waiting("InvalidImageName", "couldn't parse image name"), 0,
			`image "app:2" cannot be pulled: InvalidImageName`,
		},
		"no such host": {
			waiting("ErrImagePull", "dial tcp: lookup x.invalid: no such host"), 0,
			`image "app:2" cannot be pulled: ErrImagePull: dial tcp: lookup x.invalid: no such host`,
		},
		"no such image": {
			waiting("ImagePullBackOff", "docker.io/library/app:2: not found"), 0,
			"docker.io/library/app:2: not found",
		},
		"no permission to pull": {waiting("ImagePullBackOff", "pull access denied"), 0, "pull access denied"},
		"slow registry": {
			waiting("ErrImagePull", "i/o timeout"), 30 * time.Second,
			`image "app:2" cannot be pulled: ErrImagePull: i/o timeout`,
		},
		"missing Secret": {
			waiting("CreateContainerConfigError", `secret "s" not found`), 10 * time.Second,
			`CreateContainerConfigError: secret "s" not found`,
		},
		"between two crashes": {
			corev1.ContainerStatus{
				Name: "c", RestartCount: 3, State: runningState,
				LastTerminationState: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"},
				},
			}, minute,
			"container c: running, but not ready, restarted 3 times: ended with exit code 137: OOMKilled",
		},
		"slow start":     {waiting("ContainerCreating", ""), minute, "0 of 1 pods are available"},
		"unknown reason": {waiting("Elsewhere", "so"), minute, "container c: Elsewhere: so"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Spec.Containers[0].Name = test.status.Name
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{test.status}
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
				assert.Contains(t, firstLines(failed), test.cause)
				assert.Equal(t, 1, strings.Count(failed.Error(), test.cause), "the cause is reported once")
				assert.Equal(t, test.after, took)
				assert.Equal(t, test.after < minute, isPermanent(failed))
				assert.Contains(t, failed.Detail(), "    pod/app-7-x (")
			})
		})
	}
}

// crashed returns a container in a crash loop whose last crash was so long ago.
func crashed(restarts int32, message string, ago time.Duration) corev1.ContainerStatus {
	crash := waiting("CrashLoopBackOff", message)
	crash.RestartCount = restarts
	crash.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
		ExitCode: 3, Reason: "Error", Message: "no\nconfig", FinishedAt: metav1.NewTime(time.Now().Add(-ago)),
	}
	return crash
}

// backOff returns the message of a kubelet about a container in a crash loop.
func backOff(pause string) string {
	return "back-off " + pause + " restarting failed container=c pod=app-7-x"
}

func TestCrashLoopEndsAWaitIfTheNextStartComesTooLate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status func() corev1.ContainerStatus
		early  bool
		cause  string
	}{
		"in time": {
			func() corev1.ContainerStatus { return crashed(3, backOff("40s"), 0) },
			false, "crash loop, restarted 3 times",
		},
		"just in time": {
			func() corev1.ContainerStatus { return crashed(4, backOff("1m20s"), 21*time.Second) },
			false, "crash loop, restarted 4 times",
		},
		"just too late": {
			func() corev1.ContainerStatus { return crashed(4, backOff("1m20s"), 19*time.Second) },
			true, "crash loop, restarted 4 times",
		},
		"much too late": {
			func() corev1.ContainerStatus { return crashed(9, backOff("5m0s"), 0) },
			true, "its next start is in 5m0s, and the wait ends in 1m0s",
		},
		"unknown back-off": {
			func() corev1.ContainerStatus { return crashed(9, "restarting at leisure", 0) },
			false, "crash loop, restarted 9 times",
		},
		"unknown time of the crash": {
			func() corev1.ContainerStatus { return waiting("CrashLoopBackOff", backOff("5m0s")) },
			false, "crash loop, restarted 0 times",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{test.status()}
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
				assert.Contains(t, firstLines(failed), test.cause)
				assert.Equal(t, 1, strings.Count(failed.Error(), "crash loop"), "the cause is reported once")
				assert.Equal(t, test.early, took == 0, "it took %s", took)
				assert.Equal(t, test.early, isPermanent(failed))
			})
		})
	}
}

// A container that keeps crashing ends the wait with the last crash before the timeout that allows another start. A
// container that recovers does not.
func TestCrashLoopWithTheBackOffOfAKubelet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		recovers int // after so many restarts
		timeout  time.Duration
		took     time.Duration
		cause    string // "" if the container recovers
	}{
		"recovers once its database is up": {5, 5 * time.Minute, 150 * time.Second, ""},
		"keeps crashing, 1 minute": {
			9, time.Minute, 30 * time.Second,
			"crash loop, restarted 3 times: ended with exit code 3: Error: no config; its next start is in 40s",
		},
		"keeps crashing, 5 minutes":  {9, 5 * time.Minute, 150 * time.Second, "crash loop, restarted 5 times"},
		"keeps crashing, 15 minutes": {9, 15 * time.Minute, 610 * time.Second, "crash loop, restarted 7 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				client := fake.NewClientset(deployment, set, pod)
				ctx, cancel := context.WithCancel(t.Context())
				var kubelet sync.WaitGroup
				kubelet.Go(func() { simulateCrashes(ctx, t, client, pod, test.recovers) })
				started := time.Now()
				err := Await(t.Context(), client, namespace, test.timeout, Ready("deployment", "app"))
				took := time.Since(started)
				cancel()
				kubelet.Wait()
				assert.Equal(t, test.took, took.Round(time.Second))
				if test.cause == "" {
					require.NoError(t, err)
					return
				}
				assert.True(t, isPermanent(err))
				assert.ErrorContains(t, err, test.cause)
			})
		})
	}
}

// simulateCrashes crashes a container as soon as it is started, and restarts it with the back-off of a kubelet, until
// it has been restarted often enough to recover.
func simulateCrashes(ctx context.Context, t *testing.T, client *fake.Clientset, pod *corev1.Pod, recovers int) {
	pause := 10 * time.Second
	for restarts := 1; restarts < recovers; restarts++ {
		pod = pod.DeepCopy()
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{crashed(int32(restarts), backOff(pause.String()), 0)}
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

func TestOlderRevisionsEndNoWait(t *testing.T) {
	t.Parallel()
	broken := []corev1.ContainerStatus{waiting("ErrImagePull", "no such host")}
	stale := []appsv1.ReplicaSetCondition{{
		Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue,
		Reason: "FailedCreate", Message: "exceeded quota",
	}}
	for name, change := range map[string]func(*appsv1.Deployment, *appsv1.ReplicaSet, *corev1.Pod){
		"pods of an older ReplicaSet": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			set.Annotations[revisionAnnotation] = "6"
			pod.Status.ContainerStatuses = broken
		},
		"pods of the newest observed ReplicaSet": func(d *appsv1.Deployment, _ *appsv1.ReplicaSet, pod *corev1.Pod) {
			d.Generation++
			pod.Status.ContainerStatuses = broken
		},
		"pods being deleted": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			*set.Spec.Replicas = 0
			pod.DeletionTimestamp, pod.Finalizers = &metav1.Time{Time: time.Now()}, []string{"f/f"}
			pod.Status.ContainerStatuses = broken
		},
		"outdated rejection": func(_ *appsv1.Deployment, set *appsv1.ReplicaSet, pod *corev1.Pod) {
			*set.Spec.Replicas = 2
			set.Status.Conditions = stale
		},
		"progress deadline of an older generation": func(d *appsv1.Deployment, _ *appsv1.ReplicaSet, _ *corev1.Pod) {
			d.Generation++
			d.Status.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded",
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				change(deployment, set, pod)
				client := fake.NewClientset(deployment, set, pod)
				answerDryRuns(client, nil)
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.Equal(t, minute, took, failed)
				assert.False(t, isPermanent(failed))
			})
		})
	}
}

// answerDryRuns makes client answer every dry run of a pod with err, or accept it if err is nil.
func answerDryRuns(client *fake.Clientset, err error) {
	client.PrependReactor("create", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.Pod{}, err
	})
}

func forbidden(why string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "app-7-x", errorString(why))
}

type errorString string

func (e errorString) Error() string { return string(e) }

func TestMissingPodsEndAWait(t *testing.T) {
	t.Parallel()
	quota := func(requested, used, limited string) error {
		return forbidden(fmt.Sprintf("exceeded quota: q, requested: %s, used: %s, limited: %s", requested, used, limited))
	}
	for name, test := range map[string]struct {
		condition string // message of the controller's condition, if it has one
		dryRun    error  // answer of the API server
		after     time.Duration
		cause     string
	}{
		"quota below the request": {
			"FailedCreate", quota("cpu=2", "cpu=0", "cpu=1500m"), 0, "exceeded quota: q, requested: cpu=2",
		},
		"full quota": {
			"FailedCreate", quota("cpu=1", "cpu=2", "cpu=2"), rejectionGrace, "exceeded quota: q, requested: cpu=1",
		},
		"LimitRange": {
			"FailedCreate", forbidden("maximum cpu usage per Container is 1, but limit is 2"), 0,
			"maximum cpu usage per Container is 1",
		},
		"controller without a condition": {
			"", forbidden(`violates PodSecurity "restricted:latest"`), silentGrace, "violates PodSecurity",
		},
		"missing service account": {
			"FailedCreate", forbidden(`error looking up service account ns/x: serviceaccount "x" not found`), rejectionGrace,
			`serviceaccount "x" not found`,
		},
		"dry run forbidden": {
			"FailedCreate: by quota", forbidden(`User "u" cannot create resource "pods" in API group ""`), rejectionGrace,
			"by quota",
		},
		"no answer":    {"FailedCreate", assert.AnError, minute, "1 of 1 pods"},
		"pod accepted": {"FailedCreate", nil, minute, "1 of 1 pods"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, _ := stuck()
				deployment.Status.UpdatedReplicas, deployment.Status.Replicas = 0, 0
				if test.condition != "" {
					set.Status.Conditions = []appsv1.ReplicaSetCondition{{
						Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue,
						Reason: "FailedCreate", Message: test.condition,
					}}
				}
				client := fake.NewClientset(deployment, set)
				answerDryRuns(client, test.dryRun)
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.Equal(t, test.after, took, failed)
				assert.Equal(t, test.after < minute, isPermanent(failed))
				if test.after < minute {
					assert.Contains(t, firstLines(failed), "replicaset/app-7 cannot create its pods: ")
					assert.Contains(t, firstLines(failed), test.cause)
				}
			})
		})
	}
}

// The usage in the status of a quota may be outdated, so only existing pods count.
func TestQuotaFilledByExistingPods(t *testing.T) {
	t.Parallel()
	running := func(name string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning},
		}
	}
	ended := running("ended")
	ended.Status.Phase = corev1.PodSucceeded
	large := running("large")
	large.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}}}
	bestEffort := []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}
	const gpu = "requests.example.com/gpu=1"
	for name, test := range map[string]struct {
		requested, hard string
		scopes          []corev1.ResourceQuotaScope
		pods            []runtime.Object
		after           time.Duration
	}{
		"pods":              {"pods=1", "pods=2", nil, []runtime.Object{running("a"), running("b")}, fullQuotaGrace},
		"pods, one ended":   {"pods=1", "pods=2", nil, []runtime.Object{running("a"), ended}, rejectionGrace},
		"CPU":               {"requests.cpu=1", "requests.cpu=2", nil, []runtime.Object{large}, fullQuotaGrace},
		"memory limits":     {"limits.memory=512Mi", "limits.memory=1Gi", nil, []runtime.Object{large}, fullQuotaGrace},
		"extended resource": {gpu, gpu, nil, []runtime.Object{large}, rejectionGrace},
		"scoped":            {"pods=1", "pods=1", bestEffort, []runtime.Object{large}, rejectionGrace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, _ := stuck()
				deployment.Status.UpdatedReplicas, deployment.Status.Replicas = 0, 0
				quota := &corev1.ResourceQuota{
					ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "q"},
					Spec:       corev1.ResourceQuotaSpec{Hard: parseResources(test.hard), Scopes: test.scopes},
				}
				client := fake.NewClientset(append(test.pods, deployment, set, quota)...)
				answerDryRuns(client, forbidden(fmt.Sprintf("exceeded quota: q, requested: %s, used: %s, limited: %s",
					test.requested, test.hard, test.hard)))
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.LessOrEqual(t, took-test.after, confirmInterval, failed)
				assert.GreaterOrEqual(t, took, test.after, failed)
				assert.Contains(t, firstLines(failed), "exceeded quota: q")
			})
		})
	}
}

func TestFullQuotaEndsNoWaitWhileAPodIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, deleted := stuck()
		deleted.OwnerReferences = nil
		deleted.Finalizers, deleted.DeletionTimestamp = []string{"f/f"}, &metav1.Time{Time: time.Now()}
		client := fake.NewClientset(deployment, set, deleted)
		answerDryRuns(client, forbidden("exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2"))
		_, took := waited(t, Ready("deployment", "app"), client)
		assert.Equal(t, minute, took)
	})
}

func TestExceededProgressDeadlineEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		deployment.Status.Conditions = []appsv1.DeploymentCondition{{
			Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded",
			Message: `ReplicaSet "app-7" has timed out progressing.`,
		}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: runningState}}
		failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
		assert.Equal(t, 5*time.Second, took)
		assert.True(t, isPermanent(failed))
		assert.Contains(t, firstLines(failed), "ProgressDeadlineExceeded: ")

		pod.Spec.Containers[0].Name = "c"
		failed, _ = waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod))
		assert.Contains(t, firstLines(failed), "pod/app-7-x, container c: running, but not ready")
	})
}

func TestMissingMountsEndAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deployment, set, pod := stuck()
		optional := true
		ref := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{waiting("ContainerCreating", "")}
		pod.Spec.Volumes = []corev1.Volume{
			{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: ref("here")}}},
			{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "maybe", Optional: &optional}}},
			{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{LocalObjectReference: ref("gone")}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: ref("here"), Items: []corev1.KeyToPath{{Key: "k"}},
				}},
			}}}},
			{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "not mounted"}}},
		}
		container := &pod.Spec.Containers[0]
		for i := range pod.Spec.Volumes {
			volume := &pod.Spec.Volumes[i]
			volume.Name = fmt.Sprint("v", i)
			if i < 3 {
				container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: volume.Name})
			}
		}
		here := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "here", Namespace: namespace}}
		failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(deployment, set, pod, here))
		assert.Equal(t, 5*time.Second, took)
		assert.Contains(t, firstLines(failed),
			"pod/app-7-x mounts what does not exist: secret/gone, the key k of configmap/here")
	})
}

func TestPodTooLargeForEveryNodeEndsAWait(t *testing.T) {
	t.Parallel()
	always := corev1.ContainerRestartPolicyAlways
	list := func(cpu string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	requesting := func(requests corev1.ResourceList) corev1.Container {
		return corev1.Container{Resources: corev1.ResourceRequirements{Requests: requests}}
	}
	of := func(cpu string) corev1.Container { return requesting(list(cpu)) }
	containers := func(cpus ...string) []corev1.Container {
		var all []corev1.Container
		for _, cpu := range cpus {
			all = append(all, of(cpu))
		}
		return all
	}
	sidecar := of("1")
	sidecar.RestartPolicy = &always
	gpu := requesting(corev1.ResourceList{"gpu": resource.MustParse("1")})
	for name, test := range map[string]struct {
		spec  corev1.PodSpec
		cause string // "" if a node could hold the pod
	}{
		"fits an empty node": {corev1.PodSpec{Containers: containers("3", "1")}, ""},
		"sum of the containers": {
			corev1.PodSpec{Containers: containers("3", "2")}, "it requests cpu 5, and no eligible node has more than 4",
		},
		"sidecar": {
			corev1.PodSpec{InitContainers: []corev1.Container{sidecar}, Containers: containers("3500m")},
			"it requests cpu 4500m",
		},
		"init container": {
			corev1.PodSpec{InitContainers: containers("5"), Containers: containers("1")}, "it requests cpu 5",
		},
		"init container before others": {corev1.PodSpec{InitContainers: containers("4"), Containers: containers("4")}, ""},
		"overhead": {
			corev1.PodSpec{Containers: containers("4"), Overhead: list("1")}, "it requests cpu 5",
		},
		"pod-level request": {
			corev1.PodSpec{Containers: containers("1"), Resources: &corev1.ResourceRequirements{Requests: list("9")}},
			"it requests cpu 9",
		},
		"resource that no node has": {
			corev1.PodSpec{Containers: []corev1.Container{gpu}}, "it requests gpu 1, and no eligible node has more than 0",
		},
		"only other nodes are large enough": {
			corev1.PodSpec{NodeSelector: map[string]string{"size": "small"}, Containers: containers("2")},
			"it requests cpu 2, and no eligible node has more than 1",
		},
		"no node matches": {
			corev1.PodSpec{NodeSelector: map[string]string{"size": "huge"}}, "no node matches its nodeSelector: size=huge",
		},
		"no request": {corev1.PodSpec{Containers: containers("0")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deployment, set, pod := stuck()
				pod.Spec = test.spec
				pod.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
					Reason: corev1.PodReasonUnschedulable, Message: "0/2 nodes are available",
				}}
				small := &corev1.Node{
					ObjectMeta: metav1.ObjectMeta{Name: "small", Labels: map[string]string{"size": "small"}},
					Status:     corev1.NodeStatus{Allocatable: list("1")},
				}
				large := &corev1.Node{
					ObjectMeta: metav1.ObjectMeta{Name: "large"},
					Status:     corev1.NodeStatus{Allocatable: list("4")},
				}
				client := fake.NewClientset(deployment, set, pod, small, large)
				failed, took := waited(t, Ready("deployment", "app"), client)
				assert.Contains(t, firstLines(failed), "pod/app-7-x: Unschedulable: 0/2 nodes are available")
				assert.Contains(t, firstLines(failed), test.cause)
				assert.Equal(t, test.cause == "", took == minute, "it took %s", took)
			})
		})
	}
}

func TestMissingNamespaceEndsAWait(t *testing.T) {
	t.Parallel()
	existing := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	deleted := existing.DeepCopy()
	deleted.Finalizers, deleted.DeletionTimestamp = []string{"f/f"}, &metav1.Time{Time: time.Now()}
	for name, test := range map[string]struct {
		objects []runtime.Object
		after   time.Duration
		cause   string
	}{
		"missing":       {nil, time.Second, "there is no namespace ns"},
		"being deleted": {[]runtime.Object{deleted}, time.Second, "the namespace ns is being deleted"},
		"existing":      {[]runtime.Object{existing}, absentGrace, "there is no deployment/app"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				failed, took := waited(t, Ready("deployment", "app"), fake.NewClientset(test.objects...))
				assert.Equal(t, test.after, took)
				assert.Equal(t, test.after < minute, isPermanent(failed))
				assert.Contains(t, firstLines(failed), test.cause)
			})
		})
	}
}

// The times of a problem that comes and goes do not add up.
func TestProblemMustLastWithoutABreak(t *testing.T) {
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

func TestErrorIsShort(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		messages []string // of the pods
		lines    []string // after the first one
	}{
		"same problem": {[]string{"so", "so", "so"}, []string{"    pod/app-7-x0, container c: Elsewhere: so"}},
		"different problems": {[]string{"a", "b", "c", "d", "e"}, []string{
			"    pod/app-7-x0, container c: Elsewhere: a",
			"    pod/app-7-x1, container c: Elsewhere: b",
			"    and 3 more problems",
		}},
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

func TestReadyOfOtherKinds(t *testing.T) {
	t.Parallel()
	replicas := int32(2)
	meta := metav1.ObjectMeta{Name: "app", Namespace: namespace, UID: "w", Generation: 1}
	statefulSet := func(change func(*appsv1.StatefulSetStatus)) runtime.Object {
		s := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}}
		s.Status = appsv1.StatefulSetStatus{ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}
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
		status := corev1.PodStatus{Phase: phase, Conditions: conditions, Reason: "Evicted"}
		return &corev1.Pod{ObjectMeta: meta, Status: status}
	}
	complete := batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}
	failedJob := batchv1.JobCondition{
		Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", Message: "too often",
	}
	ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
	const permanent, pending = true, false
	for name, test := range map[string]struct {
		kind      string
		object    runtime.Object
		permanent bool
		cause     string // "" if the condition holds
	}{
		"statefulset": {"statefulset", statefulSet(func(*appsv1.StatefulSetStatus) {}), pending, ""},
		"statefulset not observed": {
			"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.ObservedGeneration = 0 }),
			pending, "has not observed generation 1",
		},
		"statefulset not updated": {
			"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.UpdatedReplicas = 1 }),
			pending, "1 of 2 pods are updated",
		},
		"statefulset not available": {
			"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.AvailableReplicas = 1 }),
			pending, "1 of 2 pods are available",
		},
		"statefulset scaling down": {
			"statefulset", statefulSet(func(s *appsv1.StatefulSetStatus) { s.Replicas = 3 }),
			pending, "3 pods exist, but 2 are wanted",
		},
		"statefulset missing": {"statefulset", job(), permanent, "there is no statefulset/app; the namespace has job/app"},
		"daemonset":           {"daemonset", daemonSet(func(*appsv1.DaemonSetStatus) {}), pending, ""},
		"daemonset not observed": {
			"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.ObservedGeneration = 0 }),
			pending, "has not observed generation 1",
		},
		"daemonset without nodes": {
			"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { *s = appsv1.DaemonSetStatus{ObservedGeneration: 1} }),
			pending, "no node matches it",
		},
		"daemonset not updated": {
			"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.UpdatedNumberScheduled = 1 }),
			pending, "1 of 2 pods are updated",
		},
		"daemonset not available": {
			"daemonset", daemonSet(func(s *appsv1.DaemonSetStatus) { s.NumberAvailable = 1 }),
			pending, "1 of 2 pods are available",
		},
		"job":           {"job", job(complete), pending, ""},
		"job running":   {"job", job(), pending, "0 of 1 pods have succeeded, 1 failed"},
		"job failed":    {"job", job(failedJob), permanent, "it failed: BackoffLimitExceeded: too often"},
		"pod":           {"pod", pod(corev1.PodRunning, ready), pending, ""},
		"pod succeeded": {"pod", pod(corev1.PodSucceeded), pending, ""},
		"pod not ready": {"pod", pod(corev1.PodRunning), pending, "it is Running, not ready"},
		"pod failed":    {"pod", pod(corev1.PodFailed), permanent, "it failed: Evicted"},
		"unknown kind": {
			"service", pod(corev1.PodRunning), permanent,
			`"service": choose one of daemonset, deployment, job, pod, statefulset`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(test.object, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
				answerDryRuns(client, nil)
				if test.cause == "" {
					assert.NoError(t, Await(t.Context(), client, namespace, minute, Ready(test.kind, "app")))
					return
				}
				failed, _ := waited(t, Ready(test.kind, "app"), client)
				assert.Contains(t, firstLines(failed), test.cause)
				assert.Equal(t, test.permanent, isPermanent(failed))
			})
		})
	}
}

func TestOnlyPodsOfTheNewestRevisionCount(t *testing.T) {
	t.Parallel()
	replicas := int32(2)
	meta := metav1.ObjectMeta{Name: "app", Namespace: namespace, UID: "w", Generation: 1}
	statefulSet := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}}
	statefulSet.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 1, UpdateRevision: "new",
	}
	daemonSet := &appsv1.DaemonSet{ObjectMeta: meta}
	daemonSet.Status = appsv1.DaemonSetStatus{ObservedGeneration: 1, DesiredNumberScheduled: 2}
	daemonSet.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "new"}
	byStateful := *metav1.NewControllerRef(statefulSet, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))
	byDaemon := *metav1.NewControllerRef(daemonSet, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))
	podOf := func(owner metav1.OwnerReference, name string) runtime.Object {
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
		"statefulset, old": {"statefulset", []runtime.Object{statefulSet, podOf(byStateful, "old")}, false},
		"statefulset, new": {"statefulset", []runtime.Object{statefulSet, podOf(byStateful, "new")}, true},
		"daemonset, old":   {"daemonset", []runtime.Object{daemonSet, podOf(byDaemon, "old")}, false},
		"daemonset, new":   {"daemonset", []runtime.Object{daemonSet, podOf(byDaemon, "new")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(test.objects...)
				answerDryRuns(client, nil)
				_, took := waited(t, Ready(test.kind, "app"), client)
				assert.Equal(t, test.early, took < minute, "it took %s", took)
			})
		})
	}
}
