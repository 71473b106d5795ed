package charts

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/kind"
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/steps"
)

// canary is an object in a namespace that has the very name that scenarios use, on a cluster that is not theirs.
type canary struct {
	t       *testing.T
	client  kubernetes.Interface
	version string
}

func newCanary(t *testing.T, config *rest.Config) canary {
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	_, err = client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "trader"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "canary"}}
	made, err := client.CoreV1().ConfigMaps("trader").Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { // what Kubernetes puts into each namespace is there too
		_, err := client.CoreV1().ConfigMaps("trader").Get(t.Context(), "kube-root-ca.crt", metav1.GetOptions{})
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	return canary{t, client, made.ResourceVersion}
}

// requireAsItWas fails where the canary was written to.
func (c canary) requireAsItWas() {
	object, err := c.client.CoreV1().ConfigMaps("trader").Get(c.t.Context(), "canary", metav1.GetOptions{})
	require.NoError(c.t, err)
	require.Equal(c.t, c.version, object.ResourceVersion)
}

// left are the namespaces that runs made and did not take away.
func (c canary) left() []string {
	labelled, err := c.client.CoreV1().Namespaces().List(c.t.Context(), metav1.ListOptions{LabelSelector: steps.RunLabel})
	require.NoError(c.t, err)
	var names []string
	for _, namespace := range labelled.Items {
		names = append(names, namespace.Name)
	}
	return names
}

// testCanary has a full run, a failed one, one that is killed, and another on a cluster that outlives them all.
func testCanary(t *testing.T, config *rest.Config, args ...string) {
	bird := newCanary(t, config)

	output, passed := newRun(t).output(args...)
	assert.True(t, passed, output)
	bird.requireAsItWas()
	assert.Empty(t, bird.left(), "after a full run")

	broken := newRun(t)
	broken.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
	output, passed = broken.output(append(args, "-wait=5s")...)
	assert.False(t, passed, "the run passed")
	assert.Contains(t, output, "there is no deployment/no-scanner")
	bird.requireAsItWas()
	assert.Empty(t, bird.left(), "after a failed run")

	killed := broken.command(t.Context(), append(args, "-wait=10m")...)
	stdout, err := killed.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, killed.Start())
	awaitLine(t, stdout, started)
	require.Eventually(t, func() bool { return len(bird.left()) > 1 }, time.Minute, 100*time.Millisecond, "the Lease's namespace, and a scenario's")
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())
	bird.requireAsItWas()
	assert.NotEmpty(t, bird.left(), "after a killed run")

	output, passed = newRun(t).output(args...)
	assert.True(t, passed, output)
	assert.Contains(t, output, "cleaning up after a dead run")
	bird.requireAsItWas()
	assert.Empty(t, bird.left(), "after the next run")
}

// usersCluster is an embedded cluster in the part of the user's own, with a kubeconfig that has a context "users", of its administrator, and a
// context "teammate", of a user without rights.
func usersCluster(t *testing.T) (config *rest.Config, kubeconfig string) {
	users := embedded.New(embedded.Options{}, os.Stdout)
	require.NoError(t, users.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, users.Stop()) })
	raw, err := clientcmd.LoadFromFile(users.Kubeconfig())
	require.NoError(t, err)
	admin := raw.Contexts[raw.CurrentContext]
	teammate := raw.AuthInfos[admin.AuthInfo].DeepCopy()
	teammate.Impersonate = "teammate"
	raw.AuthInfos["teammate"] = teammate
	raw.Contexts["users"] = admin
	raw.Contexts["teammate"] = &clientcmdapi.Context{Cluster: admin.Cluster, AuthInfo: "teammate"}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*raw, path))
	return users.Config(), path
}

func TestAnExistingClusterIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	config, kubeconfig := usersCluster(t)
	testCanary(t, config, "-cluster=existing", "-context=users", "-kubeconfig="+kubeconfig)
}

// The first Ctrl-C ends a run in order: what it made is taken away.
func TestAnInterruptedRunLeavesAnExistingClusterAsItWas(t *testing.T) {
	t.Parallel()
	config, kubeconfig := usersCluster(t)
	bird := newCanary(t, config)
	broken := newRun(t)
	broken.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
	command := broken.command(t.Context(), "-cluster=existing", "-context=users", "-kubeconfig="+kubeconfig, "-wait=10m")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	awaitLine(t, stdout, started)
	require.Eventually(t, func() bool { return len(bird.left()) > 1 }, time.Minute, 100*time.Millisecond)

	require.NoError(t, command.Process.Signal(syscall.SIGINT))
	awaitLine(t, stdout, "the run ended early")
	require.Error(t, command.Wait())

	bird.requireAsItWas()
	assert.Empty(t, bird.left())
}

// A user with the rights that a namespace's administrator has, and none outside, runs the suite in it. The suite's own release and what else was there stays.
func TestOneNamespaceOfAnExistingCluster(t *testing.T) {
	t.Parallel()
	config, kubeconfig := usersCluster(t)
	bird := newCanary(t, config)
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}
	_, err := bird.client.RbacV1().RoleBindings("trader").Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "teammate"}, RoleRef: role,
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "teammate"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	before := bird.names()
	args := []string{"-cluster=existing", "-context=teammate", "-kubeconfig=" + kubeconfig}

	output, passed := newRun(t).output(args...)
	assert.False(t, passed)
	assert.Contains(t, output, "delete namespaces in the whole cluster")
	assert.NotContains(t, output, started)

	args = append(args, "-namespace=trader")
	output, passed = newRun(t).output(args...)
	assert.True(t, passed, output)
	bird.requireAsItWas()
	assert.Equal(t, before, bird.names())
	assert.Empty(t, bird.left())

	broken := newRun(t)
	broken.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
	killed := broken.command(t.Context(), append(args, "-wait=10m")...)
	stdout, err := killed.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, killed.Start())
	awaitLine(t, stdout, started)
	deployments := bird.client.AppsV1().Deployments("trader")
	require.Eventually(t, func() bool {
		_, err := deployments.Get(t.Context(), "go-scanner", metav1.GetOptions{})
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())

	temporary := strings.TrimPrefix(killed.Env[len(killed.Env)-1], "TMPDIR=")
	files, err := filepath.Glob(filepath.Join(temporary, "charts-run-*", "scenario-*"))
	require.NoError(t, err)
	assert.NotEmpty(t, files, "after a killed run")

	sweep := newRun(t).command(t.Context(), append(args, "-sweep")...)
	sweep.Env = append(sweep.Env, "TMPDIR="+temporary)
	swept, err := sweep.CombinedOutput()
	require.NoError(t, err, string(swept))
	assert.Contains(t, string(swept), "cleaning up after a dead run")
	files, err = filepath.Glob(filepath.Join(temporary, "*"))
	require.NoError(t, err)
	assert.Empty(t, files, "after a sweep")
	assert.Equal(t, before, bird.names())
	_, err = deployments.Get(t.Context(), "go-scanner", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	bird.requireAsItWas()
}

// names are those of what is in the canary's namespace.
func (c canary) names() []string {
	var names []string
	for _, kind := range []struct{ group, resources string }{
		{"api/v1", "configmaps secrets services pods serviceaccounts persistentvolumeclaims"},
		{"apis/apps/v1", "deployments replicasets statefulsets"},
		{"apis/batch/v1", "jobs"},
		{"apis/coordination.k8s.io/v1", "leases"},
		{"apis/networking.k8s.io/v1", "networkpolicies"},
		{"apis/policy/v1", "poddisruptionbudgets"},
	} {
		for _, resource := range strings.Fields(kind.resources) {
			var list metav1.PartialObjectMetadataList
			content, err := c.client.Discovery().RESTClient().Get().AbsPath(kind.group, "namespaces/trader", resource).DoRaw(c.t.Context())
			require.NoError(c.t, err)
			require.NoError(c.t, json.Unmarshal(content, &list))
			for _, item := range list.Items {
				names = append(names, resource+"/"+item.Name)
			}
		}
	}
	return names
}

// kindOptions are those that the flags of this process say.
func kindOptions() kind.Options {
	return kind.Options{Image: flag.Lookup("kind-image").Value.String(), Config: flag.Lookup("kind-config").Value.String()}
}

// kindArgs are the flags of a run on kind, or the test is skipped: where no Docker engine answers, or the node image is not there.
func kindArgs(t *testing.T) []string {
	options := kindOptions()
	image := options.Image
	if image == "" {
		t.Skip("runs on kind are tested where -kind-image names an image of the nodes that is here")
	}
	if output, err := exec.Command("docker", "image", "inspect", "--format", "{{.Id}}", image).CombinedOutput(); err != nil {
		t.Skipf("there is no Docker engine that has the image %s: %v: %s", image, err, output)
	}
	args := []string{"-cluster=kind", "-kind-image=" + image}
	if options.Config != "" {
		path, err := filepath.Abs(options.Config)
		require.NoError(t, err)
		args = append(args, "-kind-config="+path)
	}
	return args
}

// kindClusterIn is the name of the kind cluster that a run says it makes, which is there.
func kindClusterIn(t *testing.T, output string) string {
	said := regexp.MustCompile(`making the kind cluster (\S+)`).FindStringSubmatch(output)
	require.NotNil(t, said, output)
	return said[1]
}

// kindClusterIsThere says whether there is a kind cluster of this name. Other runs have theirs.
func kindClusterIsThere(t *testing.T, name string) bool {
	output, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", "label=io.x-k8s.kind.cluster="+name).Output()
	require.NoError(t, err)
	return len(output) > 0
}

// A kept kind cluster is the user's, too.
func TestAKeptKindClusterIsLeftAsItWas(t *testing.T) {
	args := kindArgs(t)
	options := kindOptions()
	users := kind.New(options, os.Stdout)
	require.NoError(t, users.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, users.Stop()) })
	raw, err := clientcmd.LoadFromFile(users.Kubeconfig())
	require.NoError(t, err)

	testCanary(t, users.Config(), append(args, "-kind-cluster="+strings.TrimPrefix(raw.CurrentContext, "kind-"))...)
}

// A run's own kind cluster goes with it: after a failure, after Ctrl-C, and after kill -9 with the next run. The user's kubeconfig is never written.
func TestARunsOwnKindCluster(t *testing.T) {
	args := kindArgs(t)
	home := t.TempDir()
	broken := newRun(t)
	broken.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
	goCaches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	caches := strings.Fields(string(goCaches))
	inHome := func(args ...string) *exec.Cmd {
		command := broken.command(t.Context(), args...)
		command.Env = append(command.Env, "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, ".cache"), "KUBECONFIG=", "GOCACHE="+caches[0], "GOMODCACHE="+caches[1])
		return command
	}
	report := filepath.Join(t.TempDir(), "report")

	output, err := inHome(append(args, "-wait=5s", "-report="+report)...).CombinedOutput()
	require.ErrorAs(t, err, new(*exec.ExitError))
	assert.Contains(t, string(output), "there is no deployment/no-scanner")
	logs, err := filepath.Glob(filepath.Join(report, "nodes/*-control-plane/kubelet.log"))
	require.NoError(t, err)
	assert.Len(t, logs, 1, "what the nodes logged is in the report")
	assert.False(t, kindClusterIsThere(t, kindClusterIn(t, string(output))), "after a failed run")

	var name string
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		command := inHome(append(args, "-wait=10m")...)
		stdout, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		var said strings.Builder
		awaitLine(t, io.TeeReader(stdout, &said), started)
		name = kindClusterIn(t, said.String())
		assert.True(t, kindClusterIsThere(t, name))
		require.NoError(t, command.Process.Signal(signal))
		require.Error(t, command.Wait())
		assert.Equal(t, signal == syscall.SIGKILL, kindClusterIsThere(t, name), "after %s", signal)
	}

	output, err = inHome(append(args, "-wait=5s")...).CombinedOutput()
	require.ErrorAs(t, err, new(*exec.ExitError))
	assert.Contains(t, string(output), "deleting what a run left that was killed: the kind cluster "+name)
	assert.False(t, kindClusterIsThere(t, name), "after the next run")
	assert.False(t, kindClusterIsThere(t, kindClusterIn(t, string(output))), "after the next run")
	assert.NoDirExists(t, filepath.Join(home, ".kube"))
}

// CI runs on kind for each Kubernetes minor that the linter renders for, and on the image that kind itself takes.
func TestKindInCICoversTheMinors(t *testing.T) {
	t.Parallel()
	workflow, err := os.ReadFile(".github/workflows/chart.yaml")
	require.NoError(t, err)
	var minors []string
	for _, image := range regexp.MustCompile(`kindest/node:(v\d+\.\d+\.\d+)@sha256:[0-9a-f]{64}\n`).FindAllStringSubmatch(string(workflow), -1) {
		minors = append(minors, semver.MajorMinor(image[1]))
	}
	var wanted []string
	for _, version := range chart.KubeVersions() {
		wanted = append(wanted, semver.MajorMinor(version))
	}
	assert.Equal(t, wanted, minors)
	assert.Contains(t, string(workflow), defaults.Image+"\n")
}
