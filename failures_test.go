package charts

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/cluster/embedded"
)

// ailing is a chart that fails in as many ways as it has values.
var ailing = map[string]string{
	"Chart.yaml":  "apiVersion: v2\nname: ailing\nversion: 0.1.0\n",
	"values.yaml": "image: registry.example/app:1\ncpu: 1m\nscheduler: default-scheduler\nhook: false\n",
	"templates/all.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      schedulerName: {{ .Values.scheduler }}
      containers: [{name: app, image: {{ .Values.image }}, resources: {requests: {cpu: {{ .Values.cpu }}}}}]
{{- if .Values.hook }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-install}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      schedulerName: {{ .Values.scheduler }}
      containers: [{name: app, image: {{ .Values.image }}}]
{{- end }}
`,
}

// played is, by the name of a scheduler, the status that pods of that scheduler get, with the time in place of NOW. No one runs these schedulers, so that nobody but the test, which plays
// the kubelet, does anything with their pods: no container runs on simulated nodes, so that none can crash.
var played = map[string]string{
	"crashing": `{"phase": "Running", "containerStatuses": [{"name": "app", "image": "registry.example/app:1", "imageID": "", "restartCount": 4, "ready": false,
		"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container"}},
		"lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such table", "finishedAt": "NOW"}}}]}`,
	"failing": `{"phase": "Failed", "containerStatuses": [{"name": "app", "image": "registry.example/app:1", "imageID": "", "restartCount": 0, "ready": false,
		"state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such table"}}}]}`,
}

// A failure says its cause in its first three lines, and how to run its scenario alone, which fails in the same way. The scenario beside it passes.
func TestFailuresExplainThemselves(t *testing.T) {
	provider := embedded.New(embedded.Options{}, os.Stdout)
	require.NoError(t, provider.Start(t.Context()))
	stopPlaying := playKubelet(t, provider.Config())
	t.Cleanup(func() { // once all kinds are through
		stopPlaying()
		assert.NoError(t, provider.Stop())
	})
	for name, failure := range map[string]struct {
		scenario string
		cause    []string
		detail   []string
	}{
		"an image cannot be pulled": {
			scenario: `
    When I run helm install app ./ailing --set image=registry.invalid/app:1
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{`container app: image "registry.invalid/app:1" cannot be pulled`, "no such host"},
			detail: []string{"deployment/app (", "replicaset/app-", "pod/app-", "Events, the newest last:", "ErrImagePull"},
		},
		"a crash loop": {
			scenario: `
    When I run helm install app ./ailing --set scheduler=crashing
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{"container app: crash loop, restarted 4 times: ended with exit code 1: Error: no such table"},
			detail: []string{"deployment/app (", "replicaset/app-", "pod/app-", "container app, image registry.example/app:1: CrashLoopBackOff"},
		},
		"a quota": {
			scenario: `
    Given the objects
      """
      apiVersion: v1
      kind: ResourceQuota
      metadata: {name: small}
      spec: {hard: {requests.cpu: 1m}}
      """
    When I run helm install app ./ailing --set cpu=2m
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{"replicaset/app-", "cannot make its pods", "exceeded quota: small, requested: requests.cpu=2m"},
			detail: []string{"deployment/app (", "0 of 1 pods are there", "FailedCreate"},
		},
		"a pod that fits no node": {
			scenario: `
    When I run helm install app ./ailing --set cpu=5k --wait
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{"pod/app-", "it requests cpu 5k, and no node that it may use has more than"},
			detail: []string{"deployment/app (", "replicaset/app-", "FailedScheduling", "$ helm install app ./ailing --set cpu=5k --wait"},
		},
		"a hook fails": {
			scenario: `
    When I run helm install app ./ailing --set hook=true --set scheduler=failing
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{"failed pre-install", "job/migrate to end well", "BackoffLimitExceeded", "ended with exit code 1: Error: no such table"},
			detail: []string{"job/migrate (", "pod/migrate-", "Events, the newest last:"},
		},
		"a timeout": {
			scenario: `
    When I run helm install app ./ailing --set scheduler=nobody --wait --timeout 2s
    Then deployment/app appears in namespace "trader"`,
			cause:  []string{"waited 2", "deployment/app to be rolled out", "last seen: 0 of 1 pods are available"},
			detail: []string{"deployment/app (", "replicaset/app-", "pod/app-", "Pending"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			for file, content := range ailing {
				r.write("ailing/"+file, content)
			}
			require.NoError(t, os.Remove(filepath.Join(r.folder, "features/helm_chart_deployment.feature")))
			r.write("features/failures.feature", "Feature: Failures\n\n  Scenario: It's "+name+failure.scenario+`

  Scenario: Its neighbour
    When I run helm install app ./ailing --set hook=true
    Then deployment/app appears in namespace "trader"
`)

			output := failing(t, r.command(t.Context(), "-cluster=existing", "-kubeconfig="+provider.Kubeconfig(), "-context=embedded"))

			assert.Contains(t, output, "2 scenarios (1 passed, 1 failed)", output)
			for _, words := range failure.cause {
				assert.Contains(t, firstLines(t, output), words)
			}
			for _, words := range failure.detail {
				assert.Contains(t, output, words)
			}

			alone := regexp.MustCompile(`Run alone:\n +(go test .*)`).FindStringSubmatch(output)
			require.NotNil(t, alone, output)
			output = failing(t, r.shell(alone[1]))

			assert.Contains(t, output, "1 failed", output)
			assert.NotContains(t, output, "Its neighbour")
			for _, words := range failure.cause {
				assert.Contains(t, firstLines(t, output), words)
			}
		})
	}
}

// firstLines are the first three lines of the only failure of a run.
func firstLines(t *testing.T, output string) string {
	_, failure, found := strings.Cut(output, "      Error: ")
	require.True(t, found, output)
	lines := strings.SplitAfterN(failure, "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], "")
}

func (r run) write(file, content string) {
	path := filepath.Join(r.folder, file)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(r.t, os.WriteFile(path, []byte(content), 0o600))
}

// shell is a command line that is typed in the run's folder. There, `go test` runs this very test binary, as the folder has no Go package.
func (r run) shell(line string) *exec.Cmd {
	self, err := filepath.Abs(os.Args[0])
	require.NoError(r.t, err)
	golang, err := exec.LookPath("go")
	require.NoError(r.t, err)
	r.write("bin/go", fmt.Sprintf(`#!/bin/sh
test "$1 $2" = "test -run" || exec '%s' "$@"
pattern=$3
shift 3
exec '%s' "-test.run=$pattern" "$@"
`, golang, self))
	require.NoError(r.t, os.Chmod(filepath.Join(r.folder, "bin/go"), 0o700))
	command := exec.CommandContext(r.t.Context(), "sh", "-c", line)
	command.Dir = r.folder
	command.Env = append(os.Environ(), "PATH="+filepath.Join(r.folder, "bin")+":"+os.Getenv("PATH"), "TMPDIR="+r.t.TempDir())
	return command
}

// failing returns what a run that fails prints.
func failing(t *testing.T, command *exec.Cmd) string {
	output, err := command.CombinedOutput()
	require.ErrorAs(t, err, new(*exec.ExitError), string(output))
	return string(output)
}

// playKubelet gives the pods of the played schedulers their status, until it is stopped.
func playKubelet(t *testing.T, config *rest.Config) (stop func()) {
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	pods, err := client.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	var playing sync.WaitGroup
	playing.Go(func() {
		for event := range pods.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if !ok || event.Type != watch.Added || played[pod.Spec.SchedulerName] == "" {
				continue
			}
			status := strings.ReplaceAll(played[pod.Spec.SchedulerName], "NOW", time.Now().UTC().Format(time.RFC3339))
			_, err := client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType,
				[]byte(`{"status": `+status+`}`), metav1.PatchOptions{}, "status")
			assert.NoError(t, err, "play the kubelet of pod %s", pod.Name)
		}
	})
	return func() {
		cancel()
		playing.Wait()
	}
}
