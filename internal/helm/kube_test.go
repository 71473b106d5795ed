package helm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
)

// shared is the cluster of the tests that need one.
var shared = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { shared.Main(m) }

// onCluster returns a client of the shared cluster, with a namespace named after the test.
func onCluster(t *testing.T, options Options) (*Client, kubernetes.Interface) {
	t.Helper()
	cluster := shared.Client(t)
	options.Namespace = strings.ToLower(strings.NewReplacer("_", "-", "/", "-").Replace(t.Name()))
	client, err := New(shared.Config(t), options)
	require.NoError(t, err)
	t.Cleanup(func() {
		err := cluster.CoreV1().Namespaces().Delete(context.Background(), options.Namespace, metav1.DeleteOptions{})
		assert.NoError(t, err)
	})
	return client, cluster
}

const (
	kinds = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {version: {{ .Values.version | default 1 | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: helm-prepare-test}
`
	orders = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.helm-prepare.example}
spec:
  group: helm-prepare.example
  scope: Namespaced
  names: {kind: Order, plural: orders, singular: order}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`
)

func TestPrepareSeesAllObjectsThatAreSent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	prepared := func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { seen = nil }()
		return seen
	}
	dir := chartOf(t, kinds)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "c", "crds"), 0o755))
	write(t, orders, dir, "c", "crds", "orders.yaml")
	client, cluster := onCluster(t, Options{Dir: dir})
	scope := Scope{Prepare: func(_ context.Context, objects []*unstructured.Unstructured) error {
		mu.Lock()
		defer mu.Unlock()
		for _, object := range objects {
			seen = append(seen, object.GetKind()+" "+object.GetName()+" in "+object.GetNamespace())
			if err := unstructured.SetNestedField(object.Object, "yes", "metadata", "annotations", "prepared"); err != nil {
				return err
			}
		}
		return nil
	}}
	mine := client.namespace
	all := []string{
		"CustomResourceDefinition orders.helm-prepare.example in ", "Namespace " + mine + " in ",
		"ConfigMap hook in " + mine, "ConfigMap settings in " + mine, "ClusterRole helm-prepare-test in ",
	}

	runIn(t, client, scope, "install c ./c --create-namespace --dry-run=server")
	runIn(t, client, scope, "template c ./c --include-crds")
	assert.Empty(t, prepared())

	installed := runIn(t, client, scope, "install c ./c --create-namespace")
	assert.ElementsMatch(t, all, prepared())
	assert.NotContains(t, installed.Release.Manifest, "prepared", "the release is as rendered")
	role, err := cluster.RbacV1().ClusterRoles().Get(t.Context(), "helm-prepare-test", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "yes", role.Annotations["prepared"])

	runIn(t, client, scope, "upgrade c ./c --set version=2")
	assert.ElementsMatch(t, all[2:], prepared())
	runIn(t, client, scope, "rollback c 1")
	assert.ElementsMatch(t, all[3:], prepared())
	settings, err := cluster.CoreV1().ConfigMaps(mine).Get(t.Context(), "settings", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "yes", settings.Annotations["prepared"])
	assert.Equal(t, "1", settings.Data["version"])

	runIn(t, client, scope, "uninstall c --wait")
	assert.Empty(t, prepared())
}

func TestNothingIsSentIfPrepareFails(t *testing.T) {
	t.Parallel()
	client, cluster := onCluster(t, Options{
		Dir: chartOf(t, "apiVersion: v1\nkind: ConfigMap\n"+
			"metadata: {name: \"{{ .Release.Name }}\", labels: {a: \"{{ .Values.a }}\"}}\n"),
	})
	run(t, client, "install c ./c --create-namespace --set a=1")
	scope := Scope{Prepare: func(context.Context, []*unstructured.Unstructured) error { return errors.New("not these") }}

	_, err := tryIn(t, client, scope, "install other ./c")
	require.ErrorContains(t, err, "not these")
	_, err = tryIn(t, client, scope, "upgrade c ./c --set a=2")
	require.ErrorContains(t, err, "not these")

	there, err := cluster.CoreV1().ConfigMaps(client.namespace).List(t.Context(),
		metav1.ListOptions{FieldSelector: "metadata.name!=kube-root-ca.crt"})
	require.NoError(t, err)
	require.Len(t, there.Items, 1)
	assert.Equal(t, "1", there.Items[0].Labels["a"])
}
