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
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
	"github.com/traderadmin/charts/internal/rollout"
)

// shared is the cluster of these tests; each has a namespace of its own.
var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// place is a namespace for one test.
type place struct {
	*testing.T
	client    kubernetes.Interface
	namespace string
}

func newPlace(t *testing.T) place {
	t.Parallel()
	client := shared.Client(t)
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, client.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}))
	})
	return place{t, client, made.Name}
}

const (
	good = "registry.example/app:1"
	bad  = "registry.invalid:5000/app:2"
	// patience is more than any of these waits takes, and much more than one that should end early.
	patience = 90 * time.Second
	early    = 30 * time.Second
)

var app = map[string]string{"app": "app"}

// template is one of pods with a container of each image.
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

func (p place) deploy(replicas int32, template corev1.PodTemplateSpec) *appsv1.Deployment {
	made, err := p.client.AppsV1().Deployments(p.namespace).Create(p.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template},
	}, metav1.CreateOptions{})
	require.NoError(p, err)
	return made
}

// change changes the Deployment, once more where its controller was faster.
func (p place) change(change func(*appsv1.Deployment)) {
	deployments := p.client.AppsV1().Deployments(p.namespace)
	for {
		now, err := deployments.Get(p.Context(), "app", metav1.GetOptions{})
		require.NoError(p, err)
		change(now)
		if _, err = deployments.Update(p.Context(), now, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			require.NoError(p, err)
			return
		}
	}
}

// limitPods returns when admission goes by a quota of so many pods, which it learns of a moment later than the quota's own status
// says. That it takes no Secret any more is the sign.
func (p place) limitPods(pods string) {
	_, err := p.client.CoreV1().ResourceQuotas(p.namespace).Create(p.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few"},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
			corev1.ResourcePods: resource.MustParse(pods), corev1.ResourceSecrets: resource.MustParse("0"),
		}},
	}, metav1.CreateOptions{})
	require.NoError(p, err)
	require.Eventually(p, func() bool {
		_, err := p.client.CoreV1().Secrets(p.namespace).Create(p.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}, dryRun)
		return err != nil && strings.Contains(err.Error(), "exceeded quota")
	}, patience, 20*time.Millisecond)
}

var dryRun = metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}

// pods returns those that are not on their way out.
func (p place) pods() []corev1.Pod {
	list, err := p.client.CoreV1().Pods(p.namespace).List(p.Context(), metav1.ListOptions{})
	require.NoError(p, err)
	var stay []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			stay = append(stay, pod)
		}
	}
	return stay
}

func (p place) await(condition rollout.Condition) error {
	return rollout.Await(p.Context(), p.client, p.namespace, patience, condition)
}

// endsEarly waits in vain for condition, and checks that this does not take long, and that the first three lines of the error
// have all causes.
func (p place) endsEarly(condition rollout.Condition, causes ...string) *rollout.Error {
	p.Helper()
	err := p.await(condition)
	var failed *rollout.Error
	require.ErrorAs(p, err, &failed)
	assert.Less(p, failed.Waited, early, err)
	lines := strings.SplitN(err.Error(), "\n", 4)
	first := strings.Join(lines[:min(3, len(lines))], "\n")
	for _, cause := range append(causes, "this will not happen") {
		assert.Contains(p, first, cause)
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

// until watches the namespace's Deployment until it is as asked.
func (p place) until(what string, holds func(*appsv1.Deployment) bool) {
	watched, err := p.client.AppsV1().Deployments(p.namespace).Watch(p.Context(), metav1.ListOptions{})
	require.NoError(p, err)
	defer watched.Stop()
	timeout := time.After(patience)
	for {
		select {
		case event := <-watched.ResultChan():
			require.NotEqual(p, watch.Error, event.Type)
			if d, ok := event.Object.(*appsv1.Deployment); ok && holds(d) {
				return
			}
		case <-timeout:
			require.Fail(p, "it took too long until "+what)
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

func TestAnImageThatCannotBePulled(t *testing.T) {
	p := newPlace(t)
	p.deploy(2, template(good, bad))

	failed := p.endsEarly(rolledOut(), "deployment/app to be rolled out", "container c1", bad, "lookup registry.invalid: no such host")

	detail := failed.Detail()
	assert.Regexp(t, `(?m)^deployment/app \(\d+m?s\): 0 of 2 pods are (available|made from its newest template)$`, detail)
	assert.Regexp(t, `(?m)^  replicaset/app-\S+ \(\d+m?s\): revision 1, the newest; 2 of 2 pods are there, 0 ready$`, detail)
	assert.Regexp(t, `(?m)^    pod/app-\S+ \(\d+m?s\): Pending, on node-1$`, detail)
	assert.Regexp(t, `(?m)^      container c0, image registry.example/app:1: running, ready$`, detail)
	assert.Regexp(t, `(?m)^      container c1, image registry.invalid:5000/app:2: waiting: (ErrImagePull|ImagePullBackOff): .*no such host$`, detail)
	assert.Regexp(t, `(?m)^  \d+m?s ago deployment/app Normal ScalingReplicaSet: Scaled up replica set`, detail)
	assert.NotContains(t, detail, "log lines", "no container runs")
}

func TestSimulatedNodesPullLikeKubelets(t *testing.T) {
	for name, test := range map[string]struct {
		init, images []string
		states       []string // of the containers, init containers first
		initialized  corev1.ConditionStatus
		ready        bool
	}{
		"good":              {[]string{good}, []string{good}, []string{"Completed", "running"}, corev1.ConditionTrue, true},
		"one of two":        {[]string{good}, []string{good, bad}, []string{"Completed", "running", "ImagePullBackOff"}, corev1.ConditionTrue, false},
		"an init container": {[]string{good, bad, good}, []string{good}, []string{"Completed", "ImagePullBackOff", "PodInitializing", "PodInitializing"}, corev1.ConditionFalse, false},
		"without a tag":     {nil, []string{"sub.domain.INVALID/a/b"}, []string{"ImagePullBackOff"}, corev1.ConditionTrue, false},
		"by digest":         {nil, []string{"x.invalid/a@sha256:" + strings.Repeat("0", 64)}, []string{"ImagePullBackOff"}, corev1.ConditionTrue, false},
		"in name only":      {nil, []string{"app.invalid", "me/x.invalid/app:1", "invalid/app"}, []string{"running", "running", "running"}, corev1.ConditionTrue, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			spec := template(test.images...).Spec
			spec.InitContainers = template(test.init...).Spec.Containers
			for i := range spec.InitContainers {
				spec.InitContainers[i].Name = fmt.Sprintf("init%d", i)
			}
			pod := p.eventually(spec, func(pod *corev1.Pod) bool { return fmt.Sprint(states(pod)) == fmt.Sprint(test.states) })
			assert.Equal(t, test.ready, ready(*pod))
			for _, condition := range pod.Status.Conditions {
				switch condition.Type {
				case corev1.PodInitialized:
					assert.Equal(t, test.initialized, condition.Status)
				case corev1.PodScheduled:
					assert.Equal(t, corev1.ConditionTrue, condition.Status)
				default:
					assert.Equal(t, test.ready, condition.Status == corev1.ConditionTrue, condition.Type)
				}
			}
			if !test.ready {
				assert.Equal(t, corev1.PodPending, pod.Status.Phase)
				p.untilEvent("Error: ErrImagePull")
				p.untilEvent("Error: ImagePullBackOff")
			}
		})
	}
}

// eventually makes a pod and returns it when it is as asked.
func (p place) eventually(spec corev1.PodSpec, holds func(*corev1.Pod) bool) *corev1.Pod {
	pods := p.client.CoreV1().Pods(p.namespace)
	watched, err := pods.Watch(p.Context(), metav1.ListOptions{})
	require.NoError(p, err)
	defer watched.Stop()
	made := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: spec}
	p.whenAdmitted(func() (err error) {
		_, err = pods.Create(p.Context(), made, metav1.CreateOptions{})
		return err
	})
	var last *corev1.Pod
	timeout := time.After(patience)
	for {
		select {
		case event := <-watched.ResultChan():
			if last = event.Object.(*corev1.Pod); holds(last) {
				return last
			}
		case <-timeout:
			require.Fail(p, "the pod is not as it should be", "%v", states(last))
		}
	}
}

// untilEvent returns when there is an event with this message.
func (p place) untilEvent(message string) {
	require.Eventually(p, func() bool {
		list, err := p.client.CoreV1().Events(p.namespace).List(p.Context(), metav1.ListOptions{})
		return err == nil && slices.ContainsFunc(list.Items, func(e corev1.Event) bool { return e.Message == message })
	}, patience, 20*time.Millisecond)
}

// whenAdmitted calls create until the namespace has its service account, without which it takes no pods.
func (p place) whenAdmitted(create func() error) {
	require.EventuallyWithT(p, func(c *assert.CollectT) { assert.NoError(c, create()) }, patience, 20*time.Millisecond)
}

// states are the reasons of containers, or that they run.
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

func TestAQuotaThatIsTooSmall(t *testing.T) {
	p := newPlace(t)
	p.limitPods("0")
	p.deploy(1, template(good))

	failed := p.endsEarly(rolledOut(), "replicaset/app-", "exceeded quota: few", "limited: pods=0")
	assert.Contains(t, failed.Detail(), "FailedCreate")
}

func TestAQuotaThatIsFull(t *testing.T) {
	p := newPlace(t)
	p.limitPods("1")
	p.deploy(2, template(good))

	_ = p.endsEarly(rolledOut(), "exceeded quota: few", "used: pods=1")
}

// The controller's word that the quota is exceeded stays for a while after it has been raised.
func TestAQuotaThatIsRaised(t *testing.T) {
	p := newPlace(t)
	p.limitPods("0")
	p.deploy(2, template(good))
	p.until("pods were refused", has(appsv1.DeploymentReplicaFailure, "FailedCreate"))
	_, err := p.client.CoreV1().ResourceQuotas(p.namespace).Patch(p.Context(), "few", "application/merge-patch+json",
		[]byte(`{"spec":{"hard":{"pods":"5"}}}`), metav1.PatchOptions{})
	require.NoError(t, err)

	require.NoError(t, p.await(rolledOut()))
	assert.Len(t, p.pods(), 2)
}

func TestAPolicyThatOnlyAdmissionKnowsOf(t *testing.T) {
	p := newPlace(t)
	_, err := p.client.CoreV1().LimitRanges(p.namespace).Create(p.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Min: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	small := requesting("10m")
	require.Eventually(t, func() bool { // admission learns of it a moment later
		_, err := p.client.CoreV1().Pods(p.namespace).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: small.Spec,
		}, dryRun)
		return err != nil && strings.Contains(err.Error(), "minimum cpu usage")
	}, patience, 20*time.Millisecond)
	p.statefulSet(small)

	_ = p.endsEarly(rollout.Ready("statefulset", "app"), "statefulset/app cannot make its pods", "minimum cpu usage per Container is 100m")
}

func (p place) statefulSet(template corev1.PodTemplateSpec) {
	_, err := p.client.AppsV1().StatefulSets(p.namespace).Create(p.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       appsv1.StatefulSetSpec{Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template, ServiceName: "app"},
	}, metav1.CreateOptions{})
	require.NoError(p, err)
}

func TestAPodLargerThanEveryNode(t *testing.T) {
	p := newPlace(t)
	p.deploy(1, requesting("1k"))

	failed := p.endsEarly(rolledOut(), "pod/app-", "Unschedulable", "Insufficient cpu", "it requests cpu 1k, and no node that it may use has more than 500")
	assert.Contains(t, failed.Detail(), "FailedScheduling")
}

func TestANamespaceThatDoesNotExist(t *testing.T) {
	p := newPlace(t)
	p.namespace = "nowhere"

	_ = p.endsEarly(rolledOut(), "there is no namespace nowhere")
}

func TestARollingUpdateToABadImageAndBack(t *testing.T) {
	p := newPlace(t)
	deadline := int32(1)
	made := template(good)
	p.deploy(2, made)
	require.NoError(t, p.await(rolledOut()))
	p.change(func(d *appsv1.Deployment) {
		d.Spec.ProgressDeadlineSeconds = &deadline
		d.Spec.Template = template(bad)
	})

	failed := p.endsEarly(rolledOut(), bad, "no such host")
	serving := 0
	for _, pod := range p.pods() {
		if ready(pod) {
			assert.Equal(t, good, pod.Spec.Containers[0].Image)
			serving++
		}
	}
	assert.Equal(t, 2, serving, "the pods of the older revision")
	assert.Contains(t, failed.Detail(), "revision 1, an older one; 2 of 2 pods are there, 2 ready")

	p.until("the deadline was exceeded", has(appsv1.DeploymentProgressing, "ProgressDeadlineExceeded"))
	p.change(func(d *appsv1.Deployment) { d.Spec.Template = made })
	require.NoError(t, p.await(rolledOut()))
	p.assertAll(good, 2)
}

// assertAll checks that so many pods are there, all of them ready and of this image.
func (p place) assertAll(image string, wanted int) {
	pods := p.pods()
	assert.Len(p, pods, wanted)
	for _, pod := range pods {
		assert.Equal(p, image, pod.Spec.Containers[0].Image)
		assert.True(p, ready(pod), pod.Name)
	}
}

func TestNothingPassesEarly(t *testing.T) {
	p := newPlace(t)
	p.deploy(3, template(good))
	require.NoError(t, p.await(rolledOut()))
	p.assertAll(good, 3)
	for i := range 10 {
		image := fmt.Sprintf("registry.example/app:%d", i%3+2)
		replicas := int32(i % 4)
		p.change(func(d *appsv1.Deployment) { d.Spec.Template, d.Spec.Replicas = template(image), &replicas })
		require.NoError(t, p.await(rolledOut()))
		p.assertAll(image, int(replicas))
	}
}

func TestEveryKind(t *testing.T) {
	selector := &metav1.LabelSelector{MatchLabels: app}
	meta := metav1.ObjectMeta{Name: "app"}
	for kind, create := range map[string]func(place, corev1.PodTemplateSpec) error{
		"deployment": func(p place, template corev1.PodTemplateSpec) error {
			p.deploy(1, template)
			return nil
		},
		"statefulset": func(p place, template corev1.PodTemplateSpec) error {
			p.statefulSet(template)
			return nil
		},
		"daemonset": func(p place, template corev1.PodTemplateSpec) error {
			_, err := p.client.AppsV1().DaemonSets(p.namespace).Create(p.Context(),
				&appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}, metav1.CreateOptions{})
			return err
		},
		"job": func(p place, template corev1.PodTemplateSpec) error {
			template.Spec.RestartPolicy = corev1.RestartPolicyNever
			_, err := p.client.BatchV1().Jobs(p.namespace).Create(p.Context(),
				&batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: template}}, metav1.CreateOptions{})
			return err
		},
		"pod": func(p place, template corev1.PodTemplateSpec) error {
			var err error
			p.whenAdmitted(func() error {
				_, err = p.client.CoreV1().Pods(p.namespace).Create(p.Context(), &corev1.Pod{ObjectMeta: meta, Spec: template.Spec}, metav1.CreateOptions{})
				return err
			})
			return err
		},
	} {
		t.Run(kind+" of a good image", func(t *testing.T) {
			p := newPlace(t)
			require.NoError(t, create(p, template(good)))
			assert.NoError(t, p.await(rollout.Ready(kind, "app")))
		})
		t.Run(kind+" of a bad image", func(t *testing.T) {
			p := newPlace(t)
			require.NoError(t, create(p, template(bad)))
			failed := p.endsEarly(rollout.Ready(kind, "app"), bad, "no such host")
			assert.Contains(t, failed.Detail(), kind+"/app (")
		})
	}
}

// The label and the annotation by which the newest pods of a DaemonSet are known are those that its controller sets.
func TestADaemonSetUpdatedToABadImageAndBack(t *testing.T) {
	p := newPlace(t)
	sets := p.client.AppsV1().DaemonSets(p.namespace)
	made, err := sets.Create(t.Context(), &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template(good)},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	use := func(image string) {
		_, err := sets.Patch(t.Context(), made.Name, "application/strategic-merge-patch+json",
			fmt.Appendf(nil, `{"spec":{"template":{"spec":{"containers":[{"name":"c0","image":%q}]}}}}`, image), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	condition := rollout.Ready("daemonset", "app")
	require.NoError(t, p.await(condition))
	use(bad)
	_ = p.endsEarly(condition, bad, "no such host")
	use(good)
	require.NoError(t, p.await(condition))
	p.assertAll(good, 1)
}

// No container runs here, so the test says in the kubelet's place that one failed.
func TestAJobThatFails(t *testing.T) {
	p := newPlace(t)
	made := template(bad)
	made.Spec.RestartPolicy = corev1.RestartPolicyNever
	retries := int32(0)
	_, err := p.client.BatchV1().Jobs(p.namespace).Create(p.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "app"},
		Spec:       batchv1.JobSpec{Template: made, BackoffLimit: &retries},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.pods()) == 1 }, patience, 20*time.Millisecond)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		pod := p.pods()[0]
		pod.Status.Phase = corev1.PodFailed
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c0", State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, Reason: "Error", Message: "no config"},
		}}}
		_, err := p.client.CoreV1().Pods(p.namespace).UpdateStatus(p.Context(), &pod, metav1.UpdateOptions{})
		assert.NoError(c, err)
	}, patience, 20*time.Millisecond)

	_ = p.endsEarly(rollout.Ready("job", "app"), "job/app to complete", "it failed: BackoffLimitExceeded", "container c0: ended with exit code 3: Error: no config")
}
