package existing

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
)

// shared is the existing cluster.
var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// kubeconfig writes a kubeconfig with three contexts: "mine" of the administrator, "hers" of the given user, and "gone"
// of a server that does not exist, which is the current one.
func kubeconfig(t *testing.T, user string) string {
	raw, err := clientcmd.LoadFromFile(shared.Kubeconfig(t))
	require.NoError(t, err)
	admin := raw.Contexts[raw.CurrentContext]
	raw.Contexts["mine"] = admin
	delete(raw.Contexts, raw.CurrentContext)
	raw.CurrentContext = "gone"
	raw.Clusters["gone"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
	raw.Contexts["gone"] = &clientcmdapi.Context{Cluster: "gone", AuthInfo: admin.AuthInfo}
	hers := raw.AuthInfos[admin.AuthInfo].DeepCopy()
	hers.Impersonate = user
	raw.AuthInfos["hers"] = hers
	raw.Contexts["hers"] = &clientcmdapi.Context{Cluster: admin.Cluster, AuthInfo: "hers"}
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, clientcmd.WriteToFile(*raw, path))
	return path
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	path := kubeconfig(t, "nobody")
	for name, test := range map[string]struct {
		options Options
		words   []string
	}{
		"no context": {
			options: Options{Kubeconfig: path},
			words: []string{
				"no context given", "-context", "\n    gone (https://127.0.0.1:1)\n", "    mine (https://127.0.0.1:",
			},
		},
		"unknown context": {
			options: Options{Kubeconfig: path, Context: "prod"},
			words:   []string{`there is no context "prod" in ` + path, "    mine (https://"},
		},
		"no kubeconfig": {
			options: Options{Kubeconfig: "nowhere", Context: "mine"},
			words:   []string{"read the kubeconfig", "nowhere: no such file"},
		},
		"no server": {
			options: Options{Kubeconfig: path, Context: "gone"},
			words:   []string{`connect to https://127.0.0.1:1 of the context "gone"`, "connection refused"},
		},
		"no namespace": {
			options: Options{Kubeconfig: path, Context: "mine", Namespace: "not-here"},
			words:   []string{"there is no namespace not-here (-namespace)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			c := New(test.options, new(bytes.Buffer))

			err := c.Start(t.Context())

			for _, words := range test.words {
				assert.ErrorContains(t, err, words)
			}
			assert.Less(t, time.Since(started), 5*time.Second)
			assert.NoError(t, c.Stop())
		})
	}
}

var chart = []schema.GroupVersionKind{
	{Group: "apps", Version: "v1", Kind: "Deployment"},
	{Version: "v1", Kind: "Service"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
	{Group: "example.com", Version: "v1", Kind: "CustomResource"},
}

func TestStartPrintsTheIntentOfTheRun(t *testing.T) {
	t.Parallel()
	progress := new(bytes.Buffer)
	c := New(Options{Kubeconfig: kubeconfig(t, "nobody"), Context: "mine", Kinds: chart}, progress)

	require.NoError(t, c.Start(t.Context()))

	assert.Regexp(t, `^context mine: https://127\.0\.0\.1:\d+, Kubernetes v1\.\d+\.\d+\n`, progress)
	assert.Contains(t, progress.String(), "deletes them afterwards")
	assert.False(t, c.RunsContainers(), "the nodes are simulated")
	assert.True(t, c.Persistent())
	assert.Equal(t, shared.Config(t).Host, c.Config().Host)

	path := c.Kubeconfig()
	written, err := clientcmd.LoadFromFile(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", written.CurrentContext)
	assert.Len(t, written.Contexts, 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, c.Stop())
	assert.NoFileExists(t, path)
	_, err = shared.Client(t).CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{})
	assert.NoError(t, err, "the cluster is still running")
}

func TestMissingPermissionsAreListed(t *testing.T) {
	t.Parallel()
	path := kubeconfig(t, "stranger")

	err := New(Options{Kubeconfig: path, Context: "hers", Kinds: chart}, new(bytes.Buffer)).Start(t.Context())

	for _, line := range []string{
		"the user of the context may not\n",
		"    get, list, create, update, delete secrets in the namespaces of the run\n",
		"    get, list, watch, create, patch, delete namespaces in the whole cluster\n",
		"    get, create, patch, delete deployments.apps in the namespaces of the run\n",
		"    get, create, patch, delete services in the namespaces of the run\n",
		"    get, create, patch, delete clusterroles.rbac.authorization.k8s.io in the whole cluster\n",
		"Nothing was created.", "with -namespace",
	} {
		assert.ErrorContains(t, err, line)
	}
}

// With -namespace, permissions in that namespace are sufficient.
func TestPermissionsInASingleNamespace(t *testing.T) {
	t.Parallel()
	const name = "team"
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := shared.Client(t).CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = shared.Client(t).RbacV1().RoleBindings(name).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "admin"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "teammate"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	options := Options{Kubeconfig: kubeconfig(t, "teammate"), Context: "hers", Kinds: chart[:2]}

	err = New(options, new(bytes.Buffer)).Start(t.Context())
	assert.ErrorContains(t, err, "namespaces in the whole cluster")

	options.Namespace = name
	progress := new(bytes.Buffer)
	c := New(options, progress)
	require.NoError(t, c.Start(t.Context()))
	assert.Contains(t, progress.String(), "in the namespace team, one scenario after another")
	assert.True(t, c.RunsContainers(), "nodes that cannot be listed count as real")

	options.Kinds = chart
	err = New(options, new(bytes.Buffer)).Start(t.Context())
	assert.ErrorContains(t, err, "clusterroles.rbac.authorization.k8s.io in the whole cluster")
}

func TestIsSimulated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		node      metav1.ObjectMeta
		simulated bool
	}{
		"annotation": {metav1.ObjectMeta{Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}}, true},
		"label":      {metav1.ObjectMeta{Labels: map[string]string{"type": "kwok"}}, true},
		"neither":    {metav1.ObjectMeta{Labels: map[string]string{"type": "large"}}, false},
	} {
		assert.Equal(t, test.simulated, isSimulated(corev1.Node{ObjectMeta: test.node}), name)
	}
}
