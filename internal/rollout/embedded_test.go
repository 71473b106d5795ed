package rollout_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
	"github.com/traderadmin/charts/internal/rollout"
)

// shared is the cluster of these tests. Each test has its own namespace.
var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// env is the namespace of one test.
type env struct {
	*testing.T
	client    kubernetes.Interface
	namespace string
}

func newEnv(t *testing.T) env {
	t.Parallel()
	client := shared.Client(t)
	created, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{}))
	})
	return env{t, client, created.Name}
}

const (
	good = "registry.example/app:1"
	bad  = "registry.invalid:5000/app:2"

	timeout = 90 * time.Second // of a wait, much longer than any of them takes
	early   = 30 * time.Second // bound for waits that must end before their timeout
)

var app = map[string]string{"app": "app"}

// template returns a pod template with one container for each image.
func template(images ...string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}}
	for i, image := range images {
		t.Spec.Containers = append(t.Spec.Containers, corev1.Container{Name: fmt.Sprintf("c%d", i), Image: image})
	}
	return t
}

func requesting(cpu string) corev1.PodTemplateSpec {
	t := template(good)
	t.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	return t
}

// deploy creates the Deployment app.
func (e env) deploy(replicas int32, template corev1.PodTemplateSpec) {
	_, err := e.client.AppsV1().Deployments(e.namespace).Create(e.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template,
		},
	}, metav1.CreateOptions{})
	require.NoError(e, err)
}

// change updates the Deployment, and retries after a conflict with its controller.
func (e env) change(change func(*appsv1.Deployment)) {
	deployments := e.client.AppsV1().Deployments(e.namespace)
	for {
		now, err := deployments.Get(e.Context(), "app", metav1.GetOptions{})
		require.NoError(e, err)
		change(now)
		if _, err = deployments.Update(e.Context(), now, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			require.NoError(e, err)
			return
		}
	}
}

// limitPods creates a quota of so many pods and returns once admission enforces it, which is later than its status
// says: a second limit of the quota then rejects Secrets.
func (e env) limitPods(pods string) {
	_, err := e.client.CoreV1().ResourceQuotas(e.namespace).Create(e.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few"},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
			corev1.ResourcePods: resource.MustParse(pods), corev1.ResourceSecrets: resource.MustParse("0"),
		}},
	}, metav1.CreateOptions{})
	require.NoError(e, err)
	require.Eventually(e, func() bool {
		probe := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}
		_, err := e.client.CoreV1().Secrets(e.namespace).Create(e.Context(), probe, dryRun)
		return err != nil && strings.Contains(err.Error(), "exceeded quota")
	}, timeout, 20*time.Millisecond)
}

var dryRun = metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}

// pods returns the pods that are not being deleted.
func (e env) pods() []corev1.Pod {
	list, err := e.client.CoreV1().Pods(e.namespace).List(e.Context(), metav1.ListOptions{})
	require.NoError(e, err)
	var stay []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			stay = append(stay, pod)
		}
	}
	return stay
}

func (e env) await(condition rollout.Condition) error {
	return rollout.Await(e.Context(), e.client, e.namespace, timeout, condition)
}

// endsEarly waits for a condition that never holds. It checks that the wait ends early, and that the first three lines
// of the error contain all causes.
func (e env) endsEarly(condition rollout.Condition, causes ...string) *rollout.Error {
	e.Helper()
	err := e.await(condition)
	var failed *rollout.Error
	require.ErrorAs(e, err, &failed)
	assert.Less(e, failed.Waited, early, err)
	lines := strings.SplitN(err.Error(), "\n", 4)
	first := strings.Join(lines[:min(3, len(lines))], "\n")
	for _, cause := range append(causes, "gave up") {
		assert.Contains(e, first, cause)
	}
	return failed
}

func rolledOut() rollout.Condition { return rollout.Ready("deployment", "app") }

func ready(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// until watches the Deployment until holds returns true for it.
func (e env) until(description string, holds func(*appsv1.Deployment) bool) {
	watched, err := e.client.AppsV1().Deployments(e.namespace).Watch(e.Context(), metav1.ListOptions{})
	require.NoError(e, err)
	defer watched.Stop()
	expired := time.After(timeout)
	for {
		select {
		case event := <-watched.ResultChan():
			require.NotEqual(e, watch.Error, event.Type)
			if d, ok := event.Object.(*appsv1.Deployment); ok && holds(d) {
				return
			}
		case <-expired:
			require.Fail(e, "timed out waiting until "+description)
		}
	}
}

func has(kind appsv1.DeploymentConditionType, reason string) func(*appsv1.Deployment) bool {
	return func(d *appsv1.Deployment) bool {
		for _, condition := range d.Status.Conditions {
			if condition.Type == kind && condition.Reason == reason {
				return true
			}
		}
		return false
	}
}

func TestImageThatCannotBePulled(t *testing.T) {
	e := newEnv(t)
	e.deploy(2, template(good, bad))

	failed := e.endsEarly(rolledOut(), "deployment/app to be rolled out",
		"container c1", bad, "lookup registry.invalid: no such host")

	detail := failed.Detail()
	assert.Regexp(t, `(?m)^deployment/app \(\d+m?s\): 0 of 2 pods are (available|updated)$`, detail)
	assert.Regexp(t, `(?m)^  replicaset/app-\S+ \(\d+m?s\): revision 1 \(newest\), 2 of 2 pods exist, 0 ready$`, detail)
	assert.Regexp(t, `(?m)^    pod/app-\S+ \(\d+m?s\): Pending, on node-1$`, detail)
	assert.Regexp(t, `(?m)^      container c0, image registry.example/app:1: running, ready$`, detail)
	assert.Regexp(t, `(?m)^      container c1, image registry.invalid:5000/app:2: `+
		`waiting: (ErrImagePull|ImagePullBackOff): .*no such host$`, detail)
	assert.Regexp(t, `(?m)^  \d+m?s ago deployment/app Normal ScalingReplicaSet: Scaled up replica set`, detail)
	assert.NotContains(t, detail, "log lines", "no container runs")
}

func TestSimulatedNodesPullImagesLikeKubelets(t *testing.T) {
	const running, backOff, initializing = "running", "ImagePullBackOff", "PodInitializing"
	digest := "@sha256:" + strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		init, images []string
		states       []string // of the containers, init containers first
		initialized  corev1.ConditionStatus
		ready        bool
	}{
		"good": {
			[]string{good}, []string{good},
			[]string{"Completed", running}, corev1.ConditionTrue, true,
		},
		"one of two": {
			[]string{good}, []string{good, bad},
			[]string{"Completed", running, backOff}, corev1.ConditionTrue, false,
		},
		"init container": {
			[]string{good, bad, good}, []string{good},
			[]string{"Completed", backOff, initializing, initializing}, corev1.ConditionFalse, false,
		},
		"without a tag": {
			nil, []string{"sub.domain.INVALID/a/b"},
			[]string{backOff}, corev1.ConditionTrue, false,
		},
		"by digest": {
			nil, []string{"x.invalid/a" + digest},
			[]string{backOff}, corev1.ConditionTrue, false,
		},
		"invalid in the name only": {
			nil, []string{"app.invalid", "me/x.invalid/app:1", "invalid/app"},
			[]string{running, running, running}, corev1.ConditionTrue, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			spec := template(test.images...).Spec
			spec.InitContainers = template(test.init...).Spec.Containers
			for i := range spec.InitContainers {
				spec.InitContainers[i].Name = fmt.Sprintf("init%d", i)
			}
			pod := e.eventually(spec, func(pod *corev1.Pod) bool { return fmt.Sprint(states(pod)) == fmt.Sprint(test.states) })
			assert.Equal(t, test.ready, ready(*pod))
			for _, condition := range pod.Status.Conditions {
				switch condition.Type {
				case corev1.PodInitialized:
					assert.Equal(t, test.initialized, condition.Status)
				case corev1.PodScheduled, corev1.PodReadyToStartContainers:
					assert.Equal(t, corev1.ConditionTrue, condition.Status)
				default:
					assert.Equal(t, test.ready, condition.Status == corev1.ConditionTrue, condition.Type)
				}
			}
			if !test.ready {
				assert.Equal(t, corev1.PodPending, pod.Status.Phase)
				e.untilEvent("Error: ErrImagePull")
				e.untilEvent("Error: ImagePullBackOff")
			}
		})
	}
}

// eventually creates a pod and returns it once holds returns true for it.
func (e env) eventually(spec corev1.PodSpec, holds func(*corev1.Pod) bool) *corev1.Pod {
	pods := e.client.CoreV1().Pods(e.namespace)
	watched, err := pods.Watch(e.Context(), metav1.ListOptions{})
	require.NoError(e, err)
	defer watched.Stop()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: spec}
	e.whenAdmitted(func() (err error) {
		_, err = pods.Create(e.Context(), pod, metav1.CreateOptions{})
		return err
	})
	var last *corev1.Pod
	expired := time.After(timeout)
	for {
		select {
		case event := <-watched.ResultChan():
			if last = event.Object.(*corev1.Pod); holds(last) {
				return last
			}
		case <-expired:
			require.Fail(e, "timed out waiting for the pod", "%v", states(last))
		}
	}
}

// untilEvent returns once there is an event with this message.
func (e env) untilEvent(message string) {
	require.Eventually(e, func() bool {
		list, err := e.client.CoreV1().Events(e.namespace).List(e.Context(), metav1.ListOptions{})
		return err == nil && slices.ContainsFunc(list.Items, func(e corev1.Event) bool { return e.Message == message })
	}, timeout, 20*time.Millisecond)
}

// whenAdmitted calls create until it succeeds: a namespace admits no pods before it has its service account.
func (e env) whenAdmitted(create func() error) {
	require.EventuallyWithT(e, func(c *assert.CollectT) { assert.NoError(c, create()) }, timeout, 20*time.Millisecond)
}

// states returns the reason of each container that does not run, and "running" for the others.
func states(pod *corev1.Pod) []string {
	var all []string
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		switch s := status.State; {
		case s.Waiting != nil:
			all = append(all, s.Waiting.Reason)
		case s.Terminated != nil:
			all = append(all, s.Terminated.Reason)
		case s.Running != nil:
			all = append(all, "running")
		}
	}
	return all
}

func TestQuotaThatIsTooSmall(t *testing.T) {
	e := newEnv(t)
	e.limitPods("0")
	e.deploy(1, template(good))

	failed := e.endsEarly(rolledOut(), "replicaset/app-", "exceeded quota: few", "limited: pods=0")
	assert.Contains(t, failed.Detail(), "FailedCreate")
}

func TestFullQuota(t *testing.T) {
	e := newEnv(t)
	e.limitPods("1")
	e.deploy(2, template(good))

	_ = e.endsEarly(rolledOut(), "exceeded quota: few", "used: pods=1")
}

// The condition of the controller about an exceeded quota stays for a while after the quota was raised.
func TestRaisedQuota(t *testing.T) {
	e := newEnv(t)
	e.limitPods("0")
	e.deploy(2, template(good))
	e.until("pods were refused", has(appsv1.DeploymentReplicaFailure, "FailedCreate"))
	_, err := e.client.CoreV1().ResourceQuotas(e.namespace).Patch(e.Context(), "few", types.MergePatchType,
		[]byte(`{"spec":{"hard":{"pods":"5"}}}`), metav1.PatchOptions{})
	require.NoError(t, err)

	require.NoError(t, e.await(rolledOut()))
	assert.Len(t, e.pods(), 2)
}

// The StatefulSet controller sets no condition about rejected pods.
func TestLimitRangeOfAStatefulSet(t *testing.T) {
	e := newEnv(t)
	_, err := e.client.CoreV1().LimitRanges(e.namespace).Create(e.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Min: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	small := requesting("10m")
	require.Eventually(t, func() bool { // admission enforces it a moment later
		_, err := e.client.CoreV1().Pods(e.namespace).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: small.Spec,
		}, dryRun)
		return err != nil && strings.Contains(err.Error(), "minimum cpu usage")
	}, timeout, 20*time.Millisecond)
	e.statefulSet(small)

	_ = e.endsEarly(rollout.Ready("statefulset", "app"), "statefulset/app cannot create its pods",
		"minimum cpu usage per Container is 100m")
}

func (e env) statefulSet(template corev1.PodTemplateSpec) {
	_, err := e.client.AppsV1().StatefulSets(e.namespace).Create(e.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template, ServiceName: "app",
		},
	}, metav1.CreateOptions{})
	require.NoError(e, err)
}

func TestPodLargerThanEveryNode(t *testing.T) {
	e := newEnv(t)
	e.deploy(1, requesting("1k"))

	failed := e.endsEarly(rolledOut(), "pod/app-", "Unschedulable", "Insufficient cpu",
		"it requests cpu 1k, and no eligible node has more than 500")
	assert.Contains(t, failed.Detail(), "FailedScheduling")
}

func TestMissingNamespace(t *testing.T) {
	e := newEnv(t)
	e.namespace = "nowhere"

	_ = e.endsEarly(rolledOut(), "there is no namespace nowhere")
}

func TestRollingUpdateToABadImageAndBack(t *testing.T) {
	e := newEnv(t)
	deadline := int32(1)
	original := template(good)
	e.deploy(2, original)
	require.NoError(t, e.await(rolledOut()))
	e.change(func(d *appsv1.Deployment) {
		d.Spec.ProgressDeadlineSeconds = &deadline
		d.Spec.Template = template(bad)
	})

	failed := e.endsEarly(rolledOut(), bad, "no such host")
	serving := 0
	for _, pod := range e.pods() {
		if ready(pod) {
			assert.Equal(t, good, pod.Spec.Containers[0].Image)
			serving++
		}
	}
	assert.Equal(t, 2, serving, "the pods of the older revision")
	assert.Contains(t, failed.Detail(), "revision 1 (older), 2 of 2 pods exist, 2 ready")

	e.until("the deadline was exceeded", has(appsv1.DeploymentProgressing, "ProgressDeadlineExceeded"))
	e.change(func(d *appsv1.Deployment) { d.Spec.Template = original })
	require.NoError(t, e.await(rolledOut()))
	e.assertAll(good, 2)
}

// assertAll checks that so many pods exist, and that all are ready and have this image.
func (e env) assertAll(image string, wanted int) {
	pods := e.pods()
	assert.Len(e, pods, wanted)
	for _, pod := range pods {
		assert.Equal(e, image, pod.Spec.Containers[0].Image)
		assert.True(e, ready(pod), pod.Name)
	}
}

func TestNoWaitSucceedsEarly(t *testing.T) {
	e := newEnv(t)
	e.deploy(3, template(good))
	require.NoError(t, e.await(rolledOut()))
	e.assertAll(good, 3)
	for i := range 10 {
		image := fmt.Sprintf("registry.example/app:%d", i%3+2)
		replicas := int32(i % 4)
		e.change(func(d *appsv1.Deployment) { d.Spec.Template, d.Spec.Replicas = template(image), &replicas })
		require.NoError(t, e.await(rolledOut()))
		e.assertAll(image, int(replicas))
	}
}

func TestEveryKind(t *testing.T) {
	selector := &metav1.LabelSelector{MatchLabels: app}
	meta := metav1.ObjectMeta{Name: "app"}
	for kind, create := range map[string]func(env, corev1.PodTemplateSpec) error{
		"deployment": func(e env, template corev1.PodTemplateSpec) error {
			e.deploy(1, template)
			return nil
		},
		"statefulset": func(e env, template corev1.PodTemplateSpec) error {
			e.statefulSet(template)
			return nil
		},
		"daemonset": func(e env, template corev1.PodTemplateSpec) error {
			set := &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}
			_, err := e.client.AppsV1().DaemonSets(e.namespace).Create(e.Context(), set, metav1.CreateOptions{})
			return err
		},
		"job": func(e env, template corev1.PodTemplateSpec) error {
			template.Spec.RestartPolicy = corev1.RestartPolicyNever
			_, err := e.client.BatchV1().Jobs(e.namespace).Create(e.Context(),
				&batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: template}}, metav1.CreateOptions{})
			return err
		},
		"pod": func(e env, template corev1.PodTemplateSpec) error {
			var err error
			pod := &corev1.Pod{ObjectMeta: meta, Spec: template.Spec}
			e.whenAdmitted(func() error {
				_, err = e.client.CoreV1().Pods(e.namespace).Create(e.Context(), pod, metav1.CreateOptions{})
				return err
			})
			return err
		},
	} {
		t.Run(kind+" of a good image", func(t *testing.T) {
			e := newEnv(t)
			require.NoError(t, create(e, template(good)))
			assert.NoError(t, e.await(rollout.Ready(kind, "app")))
		})
		t.Run(kind+" of a bad image", func(t *testing.T) {
			e := newEnv(t)
			require.NoError(t, create(e, template(bad)))
			failed := e.endsEarly(rollout.Ready(kind, "app"), bad, "no such host")
			assert.Contains(t, failed.Detail(), kind+"/app (")
		})
	}
}

// The pods of the newest template are found by a label that the DaemonSet controller sets.
func TestDaemonSetUpdatedToABadImageAndBack(t *testing.T) {
	e := newEnv(t)
	sets := e.client.AppsV1().DaemonSets(e.namespace)
	_, err := sets.Create(t.Context(), &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template(good)},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	use := func(image string) {
		patch := fmt.Appendf(nil, `{"spec":{"template":{"spec":{"containers":[{"name":"c0","image":%q}]}}}}`, image)
		_, err := sets.Patch(t.Context(), "app", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
		require.NoError(t, err)
	}
	condition := rollout.Ready("daemonset", "app")
	require.NoError(t, e.await(condition))
	use(bad)
	_ = e.endsEarly(condition, bad, "no such host")
	use(good)
	require.NoError(t, e.await(condition))
	e.assertAll(good, 1)
}

// No container runs here, so the test sets the status that a kubelet would set.
func TestFailedJob(t *testing.T) {
	e := newEnv(t)
	failing := template(bad)
	failing.Spec.RestartPolicy = corev1.RestartPolicyNever
	retries := int32(0)
	_, err := e.client.BatchV1().Jobs(e.namespace).Create(e.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       batchv1.JobSpec{Template: failing, BackoffLimit: &retries},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(e.pods()) == 1 }, timeout, 20*time.Millisecond)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		pod := e.pods()[0]
		pod.Status.Phase = corev1.PodFailed
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c0", State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, Reason: "Error", Message: "no config"},
		}}}
		_, err := e.client.CoreV1().Pods(e.namespace).UpdateStatus(e.Context(), &pod, metav1.UpdateOptions{})
		assert.NoError(c, err)
	}, timeout, 20*time.Millisecond)

	_ = e.endsEarly(rollout.Ready("job", "app"), "job/app to complete", "it failed: BackoffLimitExceeded",
		"container c0: ended with exit code 3: Error: no config")
}
