package embedded

import (
	"context"
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

// holder is set for the process that only holds a cluster until it is killed: see TestKilled.
const holder = "EMBEDDED_TEST_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(holder) != "" {
		hold()
	}
	os.Exit(m.Run())
}

func hold() {
	c := New(Options{}, os.Stderr)
	if err := c.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(c.process.Process.Pid, c.Kubeconfig())
	select {}
}

// start returns a cluster that is stopped at the end of t, and a client of it.
func start(t *testing.T, options Options) (*Cluster, kubernetes.Interface) {
	c := New(options, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	return c, clientOf(t, c.Config())
}

func clientOf(t *testing.T, config *rest.Config) kubernetes.Interface {
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return client
}

func TestNodesAreReadyAndOfTheStatedSize(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{Nodes: 2, CPU: "1500m", Memory: "3Gi"})

	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, nodes.Items, 2)
	for _, node := range nodes.Items {
		assert.Equal(t, "1500m", node.Status.Allocatable.Cpu().String())
		assert.Equal(t, "3Gi", node.Status.Allocatable.Memory().String())
		assert.Empty(t, node.Spec.Taints, "it can be scheduled to")
	}
	_, err = client.CoreV1().ServiceAccounts("default").Get(t.Context(), "default", metav1.GetOptions{})
	assert.NoError(t, err)
}

func TestOnlyAllowedUsersAreServed(t *testing.T) {
	t.Parallel()
	c, _ := start(t, Options{})

	anonymous := clientOf(t, rest.AnonymousClientConfig(c.Config()))
	_, err := anonymous.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	assert.True(t, apierrors.IsUnauthorized(err), "without credentials: %v", err)

	nobody := c.Config()
	nobody.Impersonate.UserName = "nobody"
	_, err = clientOf(t, nobody).RbacV1().Roles("default").Create(t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "r"}}, metav1.CreateOptions{})
	assert.True(t, apierrors.IsForbidden(err), "a user without roles: %v", err)
}

func TestAPodThatFitsNoNodeIsNotScheduled(t *testing.T) {
	t.Parallel()
	_, client := start(t, Options{CPU: "1"})

	pods := client.CoreV1().Pods("default")
	watch, err := pods.Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	defer watch.Stop()
	_, err = pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "large"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: "i",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	for event := range watch.ResultChan() {
		for _, condition := range event.Object.(*corev1.Pod).Status.Conditions {
			if condition.Type == corev1.PodScheduled {
				assert.Equal(t, corev1.ConditionFalse, condition.Status)
				assert.Contains(t, condition.Message, "Insufficient cpu")
				return
			}
		}
	}
}

func TestFilesArePrivateAndGoneAfterStop(t *testing.T) {
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	folder := filepath.Dir(c.Kubeconfig())

	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 && info.Mode()&os.ModeSocket == 0 {
			err = fmt.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return err
	})
	assert.NoError(t, err)
	assert.True(t, strings.HasPrefix(c.Config().Host, "https://127.0.0.1:"), c.Config().Host)

	require.NoError(t, c.Stop())
	assert.NoDirExists(t, folder)
	assert.NoError(t, c.Stop(), "once more is no error")
}

func TestAComponentThatCannotStartIsNamed(t *testing.T) {
	t.Parallel()
	err := New(Options{Memory: "-1"}, os.Stderr).Start(t.Context())

	require.ErrorContains(t, err, "start the embedded control plane: kwok ended with exit status 1")
	assert.ErrorContains(t, err, "must be greater than or equal to 0", "its last log lines")
	removeLogs(t, err)
}

func TestAWrongSizeIsRefused(t *testing.T) {
	t.Parallel()
	err := New(Options{CPU: "many"}, os.Stderr).Start(t.Context())

	assert.ErrorContains(t, err, `invalid value "many" for flag -node-cpu`)
}

func TestAComponentThatEndsDuringTheRunIsNamed(t *testing.T) {
	t.Parallel()
	c := New(Options{}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	require.NoError(t, exec.Command("pkill", "-KILL", "-g", strconv.Itoa(c.process.Process.Pid), "-f", " kube-scheduler ").Run())
	require.Eventually(t, func() bool { return len(c.events) == 1 }, 5*time.Second, 10*time.Millisecond)

	err := c.Stop()
	require.ErrorContains(t, err, "kube-scheduler ended with signal: killed")
	removeLogs(t, err)
}

// removeLogs removes the logs that err says were kept, and checks that there were some.
func removeLogs(t *testing.T, err error) {
	_, folder, found := strings.Cut(err.Error(), "its logs are kept in ")
	require.True(t, found, err)
	assert.FileExists(t, filepath.Join(folder, "kube-apiserver.log"))
	assert.NoError(t, os.RemoveAll(filepath.Dir(folder)))
}

func TestKilled(t *testing.T) {
	t.Parallel()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), holder+"=1")
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	var group int
	var kubeconfig string
	_, err = fmt.Fscan(stdout, &group, &kubeconfig)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(-group, 0), "the control plane runs")

	require.NoError(t, process.Process.Kill())
	_ = process.Wait()

	awaitGone(t, group)
	assert.NoDirExists(t, filepath.Dir(kubeconfig))
}

// awaitGone fails t when a process of the group is still there after 5 seconds.
func awaitGone(t *testing.T, group int) {
	gone := func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH }
	require.Eventually(t, gone, 5*time.Second, 20*time.Millisecond, "processes of the group %d outlive the run", group)
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("no longer wanted"))
	c := New(Options{}, os.Stderr)

	assert.Error(t, c.Start(ctx))
}
