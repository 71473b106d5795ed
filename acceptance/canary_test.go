package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/kind"
	"github.com/traderadmin/charts/steps"
)

// canary is a ConfigMap on an existing cluster, in a namespace with the name that the scenarios of this repository use.
type canary struct {
	client  kubernetes.Interface
	version string
	objects []string // in its namespace, before the first run
}

// cluster starts a cluster that serves as the existing cluster, with a canary on it. $KUBECONFIG has the contexts
// "admin", of an administrator, and "teammate", of a user who is an administrator only of the namespace trader.
func startCluster(ts *testscript.TestScript, _ bool, _ []string) {
	provider := embedded.New(embedded.Options{}, io.Discard)
	startProvider(ts, provider)
	access, err := clientcmd.LoadFromFile(provider.Kubeconfig())
	ts.Check(err)
	admin := access.Contexts[access.CurrentContext]
	teammate := access.AuthInfos[admin.AuthInfo].DeepCopy()
	teammate.Impersonate = "teammate"
	access.AuthInfos["teammate"] = teammate
	access.Contexts["admin"] = admin
	access.Contexts["teammate"] = &clientcmdapi.Context{Cluster: admin.Cluster, AuthInfo: "teammate"}
	path := ts.MkAbs("kubeconfig")
	ts.Check(clientcmd.WriteToFile(*access, path))
	ts.Setenv("KUBECONFIG", path)
}

// kind starts a kind cluster that serves as the user's own, with a canary on it. $KIND_CLUSTER is its name.
func startKind(ts *testscript.TestScript, _ bool, _ []string) {
	provider := kind.New(commandLine.cluster.Kind, io.Discard)
	startProvider(ts, provider)
	access, err := clientcmd.LoadFromFile(provider.Kubeconfig())
	ts.Check(err)
	ts.Setenv("KIND_CLUSTER", strings.TrimPrefix(access.CurrentContext, "kind-"))
}

// kind-exists sets $KIND_CLUSTER to the name of the kind cluster that the last run created. It fails unless that
// cluster exists, or with "!", if it exists.
func kindExists(ts *testscript.TestScript, neg bool, _ []string) {
	created := regexp.MustCompile(`kind cluster "?(charts-[\w-]+)`).FindStringSubmatch(ts.ReadFile("stdout"))
	if created != nil {
		ts.Setenv("KIND_CLUSTER", created[1])
	}
	name := ts.Getenv("KIND_CLUSTER")
	label := "label=io.x-k8s.kind.cluster=" + name
	nodes, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", label).Output()
	ts.Check(err)
	if gone := len(nodes) == 0; gone != neg {
		ts.Fatalf("the kind cluster %q is gone: %t", name, gone)
	}
}

// startProvider starts a cluster, which is stopped at the end of the script, and puts a canary on it.
func startProvider(ts *testscript.TestScript, provider cluster.Provider) {
	ctx := context.Background()
	ts.Check(provider.Start(ctx))
	ts.Defer(func() { ts.Check(provider.Stop()) })
	client, err := kubernetes.NewForConfig(provider.Config())
	ts.Check(err)
	c := &canary{client: client}
	ts.Check(c.settle(ctx))
	stateOf(ts).canary = c
}

// settle creates the canary, and makes the user teammate an administrator of its namespace.
func (c *canary) settle(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "trader"}}
	if _, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "canary"}}
	created, err := c.client.CoreV1().ConfigMaps("trader").Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	c.version = created.ResourceVersion
	_, err = c.client.RbacV1().RoleBindings("trader").Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "teammate"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "teammate"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	published := eventually(func() bool { // each namespace gets it, after the default ServiceAccount
		_, err := c.client.CoreV1().ConfigMaps("trader").Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return err == nil
	})
	if !published {
		return fmt.Errorf("the namespace trader got no ConfigMap kube-root-ca.crt")
	}
	c.objects, err = c.names(ctx)
	return err
}

// canary checks the objects that runs left on the cluster. In all cases the canary must be unchanged.
//
//	canary clean     // nothing is left of any run
//	canary leftovers // an object of a scenario is left, or appears soon
func checkCanary(ts *testscript.TestScript, _ bool, args []string) {
	c, ctx := stateOf(ts).canary, context.Background()
	if c == nil || len(args) != 1 {
		ts.Fatalf("usage: canary clean|leftovers, after cluster or kind")
	}
	hasLeft := func() bool {
		left, err := c.leftovers(ctx)
		ts.Check(err)
		return slices.ContainsFunc(left, ofScenario)
	}
	switch args[0] {
	case "clean":
		left, err := c.leftovers(ctx)
		ts.Check(err)
		if len(left) > 0 {
			ts.Fatalf("left on the cluster: %v", left)
		}
	case "leftovers":
		if !eventually(hasLeft) {
			ts.Fatalf("nothing is left on the cluster")
		}
	default:
		ts.Fatalf("unknown check %q", args[0])
	}
	object, err := c.client.CoreV1().ConfigMaps("trader").Get(ctx, "canary", metav1.GetOptions{})
	ts.Check(err)
	if object.ResourceVersion != c.version {
		ts.Fatalf("the canary was written to")
	}
}

// ofScenario reports whether an object is of a scenario, and not the Lease of a run or its namespace.
func ofScenario(name string) bool {
	return !strings.HasPrefix(name, "namespace/charts-run-") && !strings.HasPrefix(name, "leases/")
}

// leftovers returns the objects that runs created on the cluster and did not delete.
func (c *canary) leftovers(ctx context.Context) ([]string, error) {
	labelled, err := c.client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: steps.RunLabel})
	if err != nil {
		return nil, err
	}
	var left []string
	for _, namespace := range labelled.Items {
		left = append(left, "namespace/"+namespace.Name)
	}
	names, err := c.names(ctx)
	for _, name := range names {
		if !slices.Contains(c.objects, name) {
			left = append(left, name)
		}
	}
	return left, err
}

// names returns the objects in the namespace of the canary.
func (c *canary) names(ctx context.Context) ([]string, error) {
	var names []string
	for _, group := range []struct{ path, resources string }{
		{"api/v1", "configmaps secrets services pods serviceaccounts persistentvolumeclaims"},
		{"apis/apps/v1", "deployments replicasets statefulsets"},
		{"apis/batch/v1", "jobs"},
		{"apis/coordination.k8s.io/v1", "leases"},
		{"apis/networking.k8s.io/v1", "networkpolicies"},
		{"apis/policy/v1", "poddisruptionbudgets"},
	} {
		for _, resource := range strings.Fields(group.resources) {
			request := c.client.Discovery().RESTClient().Get().AbsPath(group.path, "namespaces/trader", resource)
			content, err := request.DoRaw(ctx)
			if err != nil {
				return nil, err
			}
			var list metav1.PartialObjectMetadataList
			if err := json.Unmarshal(content, &list); err != nil {
				return nil, err
			}
			for _, item := range list.Items {
				names = append(names, resource+"/"+item.Name)
			}
		}
	}
	return names, nil
}
