package acceptance

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
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

// TestFailures runs scenarios that fail, on one cluster, with the chart testdata/ailing in addition to that of this
// repository.
func TestFailures(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	provider := embedded.New(embedded.Options{}, io.Discard)
	require.NoError(t, provider.Start(t.Context()))
	stopKubelet := actAsKubelet(t, provider.Config())
	t.Cleanup(func() { // after the scripts, which run in parallel
		stopKubelet()
		assert.NoError(t, provider.Stop())
	})
	params := scripts("testdata/failures")
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("KUBECONFIG", provider.Kubeconfig())
		if err := os.CopyFS(filepath.Join(env.WorkDir, "ailing"), os.DirFS("testdata/ailing")); err != nil {
			return err
		}
		return setUp(env)
	}
	testscript.Run(t, params)
}

// podStatuses maps the name of a scheduler to the status that the test gives to its pods. NOW stands for the time. The
// nodes are simulated and run no container that could crash. These schedulers do not exist.
var podStatuses = map[string]string{
	"crashing": `{"phase": "Running", "containerStatuses": [{
		"name": "app", "image": "registry.example/app:1", "imageID": "", "restartCount": 4, "ready": false,
		"state": {"waiting": {"reason": "CrashLoopBackOff",
			"message": "back-off 1m20s restarting failed container"}},
		"lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such table",
			"finishedAt": "NOW"}}}]}`,
	"failing": `{"phase": "Failed", "containerStatuses": [{
		"name": "app", "image": "registry.example/app:1", "imageID": "", "restartCount": 0, "ready": false,
		"state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such table"}}}]}`,
}

// actAsKubelet sets the status of new pods according to podStatuses, until stop is called.
func actAsKubelet(t *testing.T, config *rest.Config) (stop func()) {
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	pods, err := client.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	var acting sync.WaitGroup
	acting.Go(func() {
		for event := range pods.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if !ok || event.Type != watch.Added || podStatuses[pod.Spec.SchedulerName] == "" {
				continue
			}
			now := time.Now().UTC().Format(time.RFC3339)
			status := strings.ReplaceAll(podStatuses[pod.Spec.SchedulerName], "NOW", now)
			_, err := client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType,
				[]byte(`{"status": `+status+`}`), metav1.PatchOptions{}, "status")
			assert.NoError(t, err, "set the status of pod %s", pod.Name)
		}
	})
	return func() {
		cancel()
		acting.Wait()
	}
}
