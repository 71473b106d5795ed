package helm

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/internal/helm/binary"
)

// buildHelm4 returns the path of Helm 4's binary. With -short it skips the test, because the first build takes minutes.
func buildHelm4(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips tests with Helm 4")
	}
	path, version, err := binary.Find(t.Context(), "4", os.Stderr)
	require.NoError(t, err)
	assert.Equal(t, "Helm 4", version)
	return path
}

// withEachBinary runs a test with the binary of Helm 3 and with that of Helm 4, on a chart with one template.
func withEachBinary(t *testing.T, template string, test func(*testing.T, *Process, kubernetes.Interface)) {
	helm3 := buildBinary(t)
	helm4 := buildHelm4(t)
	for name, binary := range map[string]string{"helm3": helm3, "helm4": helm4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := Options{Dir: chartOf(t, template), Scratch: t.TempDir()}
			client, cluster := onCluster(t, options)
			options.Namespace = client.namespace
			test(t, newProcess(t, binary, shared.Config(t), options), cluster)
			left, err := os.ReadDir(options.Scratch)
			require.NoError(t, err)
			assert.Empty(t, left, "the home of the binary")
		})
	}
}

func TestAProcessPreparesWhatItSends(t *testing.T) {
	t.Parallel()
	template := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, labels: {a: \"{{ .Values.a }}\"}}\n"
	withEachBinary(t, template, func(t *testing.T, process *Process, cluster kubernetes.Interface) {
		var mutex sync.Mutex
		seen := map[string]int{}
		scope := Scope{Prepare: func(_ context.Context, objects []*unstructured.Unstructured) error {
			mutex.Lock()
			defer mutex.Unlock()
			for _, object := range objects {
				seen[object.GetKind()+" in "+object.GetNamespace()]++
				object.SetAnnotations(map[string]string{"prepared": "yes"})
			}
			return nil
		}}
		_, err := process.Run(t.Context(), scope, "install", "c", "./c", "--dry-run=server", "--set=a=1")
		require.NoError(t, err)
		assert.Empty(t, seen)

		installed, err := process.Run(t.Context(), scope, "install", "c", "./c", "--create-namespace", "--set=a=1")
		require.NoError(t, err)
		in := process.namespace
		const namespace = "Namespace in " // no namespace
		assert.Equal(t, map[string]int{"ConfigMap in " + in: 1, namespace: 1}, seen)
		assert.NotContains(t, installed.Release.Manifest, "prepared", "the release is as rendered")
		settings, err := cluster.CoreV1().ConfigMaps(in).Get(t.Context(), "settings", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, "yes", settings.Annotations["prepared"])

		upgraded, err := process.Run(t.Context(), scope, "upgrade", "c", "./c", "--set=a=2")
		require.NoError(t, err)
		assert.Equal(t, 2, seen["ConfigMap in "+in])
		assert.Equal(t, 2, upgraded.Release.Revision)

		refused := Scope{Prepare: func(context.Context, []*unstructured.Unstructured) error { return errors.New("not this") }}
		_, err = process.Run(t.Context(), refused, "upgrade", "c", "./c", "--set=a=3")
		require.ErrorContains(t, err, "not this")
		settings, err = cluster.CoreV1().ConfigMaps(in).Get(t.Context(), "settings", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, "2", settings.Labels["a"])
	})
}

func TestAProcessEndsWhenItsWaitCannotSucceed(t *testing.T) {
	t.Parallel()
	withEachBinary(t, app, func(t *testing.T, process *Process, _ kubernetes.Interface) {
		started := time.Now()
		line := "install c ./c --create-namespace --wait --timeout 10m --set image=registry.invalid/app:1"
		result, err := process.Run(t.Context(), Scope{}, strings.Fields(line)...)
		require.ErrorContains(t, err, `container app: image "registry.invalid/app:1" cannot be pulled`)
		assert.Less(t, time.Since(started), soon)
		require.NotNil(t, result.Release)
		assert.Equal(t, StatusFailed, result.Release.Status)
	})
}

func TestAProcessSaysWhichReleaseIsMissing(t *testing.T) {
	t.Parallel()
	withEachBinary(t, app, func(t *testing.T, process *Process, _ kubernetes.Interface) {
		_, err := process.Run(t.Context(), Scope{}, "install", "c", "./c", "--create-namespace")
		require.NoError(t, err)
		_, err = process.Run(t.Context(), Scope{}, "status", "other")
		require.ErrorIs(t, err, ErrReleaseNotFound)
		history, err := process.Run(t.Context(), Scope{}, "history", "c")
		require.NoError(t, err)
		require.Len(t, history.Releases, 1)
		assert.Equal(t, "c", history.Release.Chart.Name)
	})
}

// TestFlagsOfABinary checks that a command line is parsed by what the binary's help lists.
func TestFlagsOfABinary(t *testing.T) {
	t.Parallel()
	process := newProcess(t, buildHelm4(t), &rest.Config{Host: "http://127.0.0.1:1"}, Options{})
	for line, want := range map[string]*Invocation{
		"upgrade --rollback-on-failure shop ./shop": {
			Command: "upgrade", Releases: []string{"shop"}, Charts: []string{"./shop"}},
		"upgrade --wait shop ./shop -n trader --server-side false": {
			Command: "upgrade", Releases: []string{"shop"}, Charts: []string{"./shop"}, Namespace: "trader"},
		"install --dry-run=client shop ./shop --create-namespace --atomic": {
			Command: "install", Releases: []string{"shop"}, Charts: []string{"./shop"}, DryRun: true, CreateNamespace: true},
		"get values shop -a": {Command: "get values", Releases: []string{"shop"}},
		"install --help":     {Command: "help"},
	} {
		invocation, err := process.Parse(strings.Fields(line))
		require.NoError(t, err, line)
		assert.Equal(t, want, invocation, line)
	}
	for line, words := range map[string]string{
		"upgrade shop ./shop --rollback-on-failures": "did you mean --rollback-on-failure?",
		"upgrade shop ./shop --kubeconfig=mine":      "--kubeconfig cannot be used here",
		"instal shop ./shop":                         "did you mean install?",
		"upgrade shop":                               "usage: helm upgrade",
	} {
		_, err := process.Parse(strings.Fields(line))
		require.ErrorContains(t, err, words, line)
	}
}

// TestOnlyACommandReachesTheCluster checks that the proxy refuses requests without the secret of a running command.
func TestOnlyACommandReachesTheCluster(t *testing.T) {
	t.Parallel()
	process := newProcess(t, "helm", &rest.Config{Host: "http://127.0.0.1:1"}, Options{})
	for _, path := range []string{"/version", "/api/v1/secrets", "/SECRET/version"} {
		response, err := http.Get("http://" + process.proxy.listener.Addr().String() + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
}
