package helm

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/internal/rollout"
)

// soon is much shorter than the timeouts of these command lines, and long enough for a busy machine.
const soon = 20 * time.Second

// app is a Deployment whose image, requests and number of pods are values.
const app = `apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: {{ .Values.replicas | default 1 }}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          image: {{ .Values.image | default "registry.example/app:1" }}
          resources: {requests: {cpu: {{ .Values.cpu | default "1m" }}}}
`

func TestWaitsEndWhenTheyCannotSucceed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		template, flags string
		words           []string
		detail          string
	}{
		"no node is large enough": {app, "--set cpu=5k",
			[]string{"deployment/app to be rolled out", "it requests cpu 5k"}, "pod/app-"},
		"the image is not there": {app, "--set image=registry.invalid/app:1",
			[]string{`container app: image "registry.invalid/app:1" cannot be pulled`}, "ErrImagePull"},
		"a quota allows none": {app + `---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {requests.cpu: 1m}}
`, "--set cpu=2m", []string{"cannot create its pods", "exceeded quota: small"}, "replicaset/app-"},
		"a Job": {strings.ReplaceAll(hookJob, "helm.sh/hook: HOOK", ""), "--wait-for-jobs",
			[]string{"job/hook to complete", "it requests cpu 5k"}, "pod/hook-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := onCluster(t, Options{Dir: chartOf(t, test.template)})
			started := time.Now()

			_, err := try(t, client, "install c ./c --create-namespace --wait --timeout 10m "+test.flags)

			assert.Less(t, time.Since(started), soon)
			require.ErrorContains(t, err, "INSTALLATION FAILED: waited ")
			for _, words := range test.words {
				require.ErrorContains(t, err, words)
			}
			var waited *rollout.Error
			require.ErrorAs(t, err, &waited)
			assert.Contains(t, waited.Detail(), test.detail)
			assert.Equal(t, StatusFailed, run(t, client, "status c").Release.Status)
		})
	}
}

func TestAtomicUndoesAnEarlyFailure(t *testing.T) {
	t.Parallel()
	client, cluster := onCluster(t, Options{Dir: chartOf(t, app)})

	_, err := try(t, client, "install c ./c --create-namespace --atomic --set cpu=5k")
	require.ErrorContains(t, err, "it requests cpu 5k")
	_, err = try(t, client, "status c")
	require.ErrorIs(t, err, ErrReleaseNotFound)

	run(t, client, "install c ./c --wait")
	_, err = try(t, client, "upgrade c ./c --atomic --set image=registry.invalid/app:1")
	require.ErrorContains(t, err, "cannot be pulled")
	require.ErrorAs(t, err, new(*rollout.Error))
	deployment, err := cluster.AppsV1().Deployments(client.namespace).Get(t.Context(), "app", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "registry.example/app:1", deployment.Spec.Template.Spec.Containers[0].Image)
	assert.EqualValues(t, 3, run(t, client, "status c").Release.Revision, "a rollback")
}

// With the default strategy, --wait needs three of four pods.
func TestHelmDecidesWhatIsReady(t *testing.T) {
	t.Parallel()
	client, _ := onCluster(t, Options{Dir: chartOf(t, app+`---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {requests.cpu: 3m}}
`)})
	_, err := try(t, client, "install c ./c --create-namespace --wait --timeout 1m --set replicas=5")
	require.ErrorContains(t, err, "exceeded quota: small")

	run(t, client, "upgrade c ./c --wait --timeout 1m --set replicas=4")
}

func TestATimeoutNamesTheResourceThatIsNotReady(t *testing.T) {
	t.Parallel()
	client, _ := onCluster(t, Options{Dir: chartOf(t, `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
`)})

	_, err := try(t, client, "install c ./c --create-namespace --wait --timeout 1s")
	require.ErrorContains(t, err, "persistentvolumeclaim/data is not ready")
}

const (
	// hookJob is a Job that by default fits on no node.
	hookJob = `apiVersion: batch/v1
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: HOOK}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      schedulerName: {{ .Values.scheduler | default "default-scheduler" }}
      containers:
        - {name: hook, image: registry.example/hook:1, resources: {requests: {cpu: {{ .Values.cpu | default "5k" }}}}}
`
	hookPod = `apiVersion: v1
kind: Pod
metadata: {name: hook, annotations: {helm.sh/hook: HOOK}}
spec:
  restartPolicy: Never
  schedulerName: {{ .Values.scheduler | default "default-scheduler" }}
  containers:
    - {name: hook, image: registry.example/hook:1}
`
)

// unscheduled leaves pods to a scheduler that does not exist, so that the test can set their status in place of a
// kubelet.
const unscheduled = " --set scheduler=none --set cpu=1m "

// onFirstPod calls change with the first pod that is created in a namespace.
func onFirstPod(
	t *testing.T, cluster kubernetes.Interface, namespace string, change func(pod *corev1.Pod) error,
) <-chan error {
	t.Helper()
	pods, err := cluster.CoreV1().Pods(namespace).Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	changed := make(chan error, 1)
	go func() {
		defer pods.Stop()
		for event := range pods.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok && event.Type == watch.Added {
				changed <- change(pod)
				return
			}
		}
	}()
	return changed
}

// status returns a change that patches a pod's status.
func status(t *testing.T, cluster kubernetes.Interface, patch string) func(pod *corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		_, err := cluster.CoreV1().Pods(pod.Namespace).Patch(t.Context(), pod.Name, types.StrategicMergePatchType,
			[]byte(`{"status":`+patch+`}`), metav1.PatchOptions{}, "status")
		return err
	}
}

const (
	crashed = `{"phase":"Failed","containerStatuses":[{"name":"hook","image":"registry.example/hook:1","imageID":"",` +
		`"ready":false,"restartCount":0,"state":{"terminated":{"exitCode":3,"reason":"Error","message":"no such table"}}}]}`
	succeeded = `{"phase":"Succeeded"}`
)

func TestAFailedHookEndsTheCommand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		template, command string
		words             []string
	}{
		"a Job before install": {hookJob, "pre-install",
			[]string{"job/hook to succeed", "BackoffLimitExceeded", "ended with exit code 3: Error: no such table"}},
		"a pod before install": {hookPod, "pre-install",
			[]string{"pod/hook to succeed", "it failed", "ended with exit code 3: Error: no such table"}},
		"a pod after install": {hookPod, "post-install", []string{"failed post-install", "ended with exit code 3"}},
		"a pod before deletion": {hookPod, "pre-delete",
			[]string{"while running: helm uninstall c", "ended with exit code 3"}},
		"a test": {hookPod, "test", []string{"while running: helm test c", "ended with exit code 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, cluster := onCluster(t, Options{Dir: chartOf(t, strings.ReplaceAll(test.template, "HOOK", test.command))})
			changed := onFirstPod(t, cluster, client.namespace, status(t, cluster, crashed))
			line := "install c ./c --create-namespace --timeout 10m" + unscheduled
			switch test.command {
			case "pre-delete":
				run(t, client, line)
				line = "uninstall c"
			case "test":
				run(t, client, line)
				line = "test c"
			}
			started := time.Now()

			_, err := try(t, client, line)

			require.NoError(t, <-changed)
			assert.Less(t, time.Since(started), soon)
			for _, words := range test.words {
				require.ErrorContains(t, err, words)
			}
			var waited *rollout.Error
			require.ErrorAs(t, err, &waited)
			assert.Contains(t, waited.Detail(), "exit code 3")
		})
	}
}

func TestAHookThatCannotStartEndsTheCommand(t *testing.T) {
	t.Parallel()
	client, _ := onCluster(t, Options{Dir: chartOf(t, strings.ReplaceAll(hookJob, "HOOK", "pre-install"))})
	started := time.Now()

	_, err := try(t, client, "install c ./c --create-namespace --timeout 10m")

	assert.Less(t, time.Since(started), soon)
	require.ErrorContains(t, err, "failed pre-install: waited ")
	require.ErrorContains(t, err, "it requests cpu 5k")
}

func TestHooksThatSucceed(t *testing.T) {
	t.Parallel()
	for name, template := range map[string]string{"job": hookJob, "pod": hookPod} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, cluster := onCluster(t, Options{Dir: chartOf(t, strings.ReplaceAll(template, "HOOK", "pre-install"))})
			changed := onFirstPod(t, cluster, client.namespace, status(t, cluster, succeeded))

			run(t, client, "install c ./c --create-namespace --timeout 1m"+unscheduled)

			require.NoError(t, <-changed)
		})
	}
}

// As with the helm binary.
func TestDeletingAHookEndsTheWaitForIt(t *testing.T) {
	t.Parallel()
	client, cluster := onCluster(t, Options{Dir: chartOf(t, strings.ReplaceAll(hookPod, "HOOK", "pre-install"))})
	changed := onFirstPod(t, cluster, client.namespace, func(pod *corev1.Pod) error {
		return cluster.CoreV1().Pods(pod.Namespace).Delete(t.Context(), pod.Name, metav1.DeleteOptions{})
	})

	run(t, client, "install c ./c --create-namespace --timeout 1m"+unscheduled)

	require.NoError(t, <-changed)
}

// Containers on simulated nodes do not end by themselves.
func TestATestThatCannotEndIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	client, _ := onCluster(t, Options{Dir: chartOf(t, strings.ReplaceAll(hookPod, "HOOK", "test"))})
	run(t, client, "install c ./c --create-namespace")

	_, err := try(t, client, "test c --timeout 30m") // longer than a test may take

	require.ErrorContains(t, err, "where no container ends by itself")
}

// It does not run in parallel, because it reads the stacks of all goroutines.
func TestWaitsLeaveNothingRunning(t *testing.T) {
	client, _ := onCluster(t, Options{Dir: chartOf(t, app)})
	_, err := try(t, client, "install c ./c --create-namespace --wait --timeout 10m --set cpu=5k")
	require.ErrorContains(t, err, "it requests cpu 5k")
	run(t, client, "upgrade c ./c --wait --timeout 10m --set cpu=1m")

	waits := func() string {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			if strings.Contains(stack, "client-go/tools/cache") || strings.Contains(stack, "helm.(*kubeClient)") ||
				strings.Contains(stack, "/rollout.") {
				left = append(left, stack)
			}
		}
		return strings.Join(left, "\n\n")
	}
	assert.Eventually(t, func() bool { return waits() == "" }, soon, 10*time.Millisecond, "still running:\n%s", waits())
}
