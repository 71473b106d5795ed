package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// holderVariable is set in the environment of a process that starts a cluster and waits to be killed. See TestKilled.
const holderVariable = "EMBEDDED_TEST_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(holderVariable) != "" {
		holdCluster()
	}
	os.Exit(m.Run())
}

func holdCluster() {
	c := New(Options{}, os.Stderr)
	if err := c.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(c.process.Process.Pid, c.Kubeconfig())
	select {}
}

// skipIfShort skips a test that starts a control plane: with -short, only TestCluster and the example do.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips all but one of the tests that start a control plane")
	}
}

func clientOf(t *testing.T, config *rest.Config) kubernetes.Interface {
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return client
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := New(Options{Nodes: 2, CPU: "1500m", Memory: "3Gi"}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	client := clientOf(t, c.Config())

	t.Run("nodes are ready and have the size of the options", func(t *testing.T) {
		nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.Len(t, nodes.Items, 2)
		for _, node := range nodes.Items {
			assert.Equal(t, "1500m", node.Status.Allocatable.Cpu().String())
			assert.Equal(t, "3Gi", node.Status.Allocatable.Memory().String())
			assert.Empty(t, node.Spec.Taints, "pods can be scheduled")
		}
		_, err = client.CoreV1().ServiceAccounts("default").Get(t.Context(), "default", metav1.GetOptions{})
		assert.NoError(t, err)
	})

	t.Run("requests without credentials are rejected", func(t *testing.T) {
		anonymous := clientOf(t, rest.AnonymousClientConfig(c.Config()))
		_, err := anonymous.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
		assert.True(t, apierrors.IsUnauthorized(err), "%v", err)
	})

	t.Run("a user without roles may do nothing", func(t *testing.T) {
		config := c.Config()
		config.Impersonate.UserName = "nobody"
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "r"}}
		_, err := clientOf(t, config).RbacV1().Roles("default").Create(t.Context(), role, metav1.CreateOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	})

	t.Run("a pod that fits no node is not scheduled", func(t *testing.T) {
		scheduled := scheduling(t, client, "2")
		assert.Equal(t, corev1.ConditionFalse, scheduled.Status)
		assert.Contains(t, scheduled.Message, "Insufficient cpu")
	})

	t.Run("listens on loopback only", func(t *testing.T) {
		assert.True(t, strings.HasPrefix(c.Config().Host, "https://127.0.0.1:"), c.Config().Host)
	})

	dir := c.TempDir()
	t.Run("files are private", func(t *testing.T) {
		err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().Perm()&0o077 != 0 && info.Mode()&os.ModeSocket == 0 {
				err = fmt.Errorf("%s is accessible to others: %s", path, info.Mode())
			}
			return err
		})
		assert.NoError(t, err)
	})

	require.NoError(t, c.Stop())
	assert.NoDirExists(t, dir)
	assert.NoError(t, c.Stop(), "stopping again is no error")
}

// scheduling creates a pod that requests cpu, and returns its PodScheduled condition once it has one.
func scheduling(t *testing.T, client kubernetes.Interface, cpu string) corev1.PodCondition {
	pods := client.CoreV1().Pods("default")
	watch, err := pods.Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	defer watch.Stop()
	requests := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	_, err = pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "large"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: "i", Resources: corev1.ResourceRequirements{Requests: requests},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	for event := range watch.ResultChan() {
		for _, condition := range event.Object.(*corev1.Pod).Status.Conditions {
			if condition.Type == corev1.PodScheduled {
				return condition
			}
		}
	}
	require.Fail(t, "the watch ended before the scheduler looked at the pod")
	return corev1.PodCondition{}
}

func TestStartNamesTheComponentThatFails(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	err := New(Options{Memory: "-1"}, os.Stderr).Start(t.Context())

	require.ErrorContains(t, err, "start the embedded control plane: kwok ended with exit status 1")
	assert.ErrorContains(t, err, "must be greater than or equal to 0", "the last log lines")
	removeLogs(t, err)
}

func TestStartReportsInvalidOptions(t *testing.T) {
	t.Parallel()
	err := New(Options{CPU: "many"}, os.Stderr).Start(t.Context())

	assert.ErrorContains(t, err, `invalid value "many" for flag -node-cpu`)
}

func TestStopNamesTheComponentThatFailed(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	group := strconv.Itoa(c.process.Process.Pid)
	require.NoError(t, exec.Command("pkill", "-KILL", "-g", group, "-f", " kube-scheduler ").Run())
	require.Eventually(t, func() bool { return len(c.events) == 1 }, 5*time.Second, 10*time.Millisecond)

	err := c.Stop()
	require.ErrorContains(t, err, "kube-scheduler ended with signal: killed")
	removeLogs(t, err)
}

func TestStopKillsAControlPlaneThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	require.NoError(t, os.Mkdir(files, 0o700))
	binary := filepath.Join(dir, "controlplane")
	script := fmt.Sprintf("#!/bin/sh\necho '{\"kubeconfig\":\"%s/admin.kubeconfig\"}'\nsleep 60 & wait\n", files)
	require.NoError(t, os.WriteFile(binary, []byte(script), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(files, "admin.kubeconfig"), []byte(emptyKubeconfig), 0o600))
	c := New(Options{}, os.Stderr)
	c.stopTimeout = 50 * time.Millisecond
	require.NoError(t, c.start(t.Context(), binary))
	group := c.process.Process.Pid

	assert.ErrorContains(t, c.Stop(), "did not end within 50ms and was killed")
	awaitGone(t, group)
	assert.NoDirExists(t, files)
}

const emptyKubeconfig = `{clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
contexts: [{name: c, context: {cluster: c}}], current-context: c}`

// removeLogs checks that the logs exist in the directory that err names, and removes it.
func removeLogs(t *testing.T, err error) {
	_, dir, found := strings.Cut(err.Error(), "the logs are kept in ")
	require.True(t, found, err)
	assert.FileExists(t, filepath.Join(dir, "kube-apiserver.log"))
	assert.NoError(t, os.RemoveAll(filepath.Dir(dir)))
}

// The control plane ends even if its run is killed.
func TestKilled(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), holderVariable+"=1")
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	var group int
	var kubeconfig string
	_, err = fmt.Fscan(stdout, &group, &kubeconfig)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(-group, 0), "the control plane is running")

	require.NoError(t, process.Process.Kill())
	_ = process.Wait()

	awaitGone(t, group)
	assert.NoDirExists(t, filepath.Dir(kubeconfig))
}

// awaitGone waits until the process group has no processes, for 5 seconds at most.
func awaitGone(t *testing.T, group int) {
	gone := func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH }
	require.Eventually(t, gone, 5*time.Second, 20*time.Millisecond, "process group %d still exists", group)
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)

	assert.ErrorIs(t, New(Options{}, os.Stderr).Start(ctx), interrupted)
}
