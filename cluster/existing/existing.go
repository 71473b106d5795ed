// Package existing is the cluster backend for a cluster that the user already has, selected by a kubeconfig context.
//
// The context must be named: the current one may have been chosen for something else. Before a run creates anything,
// the backend prints where the run will take place and what it will create, and asks the cluster whether the user may
// do so (SelfSubjectAccessReview). The run changes nothing that it did not create, and deletes what it created.
package existing

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Options select a cluster.
type Options struct {
	Context    string // kubeconfig context; required
	Kubeconfig string // path of the kubeconfig; "" is kubectl's default: KUBECONFIG, or ~/.kube/config
	Namespace  string // the only namespace to use, which must exist; "" creates namespaces for the scenarios

	// Kinds are the kinds of the objects that the run will create. Start checks that the user may create them.
	Kinds []schema.GroupVersionKind
}

// Bind defines a flag for each option except Kinds.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Context, "context", "", "existing cluster: kubeconfig `context` that selects the cluster; required")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "",
		"existing cluster: `path` of the kubeconfig (default: KUBECONFIG, or ~/.kube/config)")
	flags.StringVar(&o.Namespace, "namespace", "",
		"existing cluster: use only this `namespace`, which must exist, and run one scenario after another "+
			"(default: each scenario gets namespaces of its own)")
}

// Cluster is a cluster that existed before the run.
type Cluster struct {
	options  Options
	progress io.Writer

	raw        clientcmdapi.Config
	config     *rest.Config
	containers bool
	dir        *runDir // from Start to Stop

	kubeconfig    string // once Kubeconfig was called
	kubeconfigErr error
}

// New returns a cluster that is not started. Start prints to progress what the run will do.
func New(options Options, progress io.Writer) *Cluster {
	return &Cluster{options: options, progress: progress}
}

// Config gives access to the cluster as the user of the context, without a client-side rate limit.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// RunsContainers reports whether at least one node is real, that is, not simulated by KWOK. Nodes that the user may not
// list count as real.
func (c *Cluster) RunsContainers() bool { return c.containers }

// Persistent returns true.
func (c *Cluster) Persistent() bool { return true }

// Namespace returns the only namespace that a run may use, or "".
func (c *Cluster) Namespace() string { return c.options.Namespace }

// Start checks that the cluster is reachable, prints what the run will create, and verifies that the user may create
// it. One error lists all missing permissions. Start creates nothing in the cluster.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("use an existing cluster: %w", err)
	}
	return nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	if c.raw, c.config, err = c.options.load(); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return err
	}
	version, err := serverVersion(ctx, c.config)
	if err != nil {
		return fmt.Errorf("connect to %s of the context %q: %w", c.config.Host, c.options.Context, err)
	}
	fmt.Fprintf(c.progress, "context %s: %s, Kubernetes %s\n", c.options.Context, c.config.Host, version)
	fmt.Fprintln(c.progress, c.options.intent())
	if err := c.options.checkNamespace(ctx, client); err != nil {
		return err
	}
	if err := checkAccess(ctx, client, c.options); err != nil {
		return err
	}
	if c.containers, err = runsContainers(ctx, client); err != nil {
		return err
	}
	c.dir, err = newRunDir(c.progress)
	return err
}

// load reads the kubeconfig. It returns the kubeconfig with the named context as its current one, and the client
// configuration for that context.
func (o Options) load() (clientcmdapi.Config, *rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return clientcmdapi.Config{}, nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	files := strings.Join(rules.GetLoadingPrecedence(), ", ")
	if o.Kubeconfig != "" {
		files = o.Kubeconfig
	}
	if _, ok := raw.Contexts[o.Context]; !ok {
		cause := fmt.Sprintf("there is no context %q in %s", o.Context, files)
		if o.Context == "" {
			cause = "no context given: name one with -context (the current context is never used)"
		}
		return clientcmdapi.Config{}, nil, fmt.Errorf("%s\n%s", cause, listContexts(raw, files))
	}
	raw.CurrentContext = o.Context
	config, err := clientcmd.NewDefaultClientConfig(*raw, nil).ClientConfig()
	if err != nil {
		return clientcmdapi.Config{}, nil, fmt.Errorf("read the context %q of %s: %w", o.Context, files, err)
	}
	config.QPS = -1 // the suite limits itself, and the server has API Priority and Fairness
	return *raw, config, nil
}

// listContexts lists the contexts of a kubeconfig with their servers, one in a line.
func listContexts(raw *clientcmdapi.Config, files string) string {
	if len(raw.Contexts) == 0 {
		return "There are no contexts in " + files
	}
	var lines []string
	for name, context := range raw.Contexts {
		server := "unknown cluster"
		if cluster, ok := raw.Clusters[context.Cluster]; ok {
			server = cluster.Server
		}
		lines = append(lines, fmt.Sprintf("    %s (%s)", name, server))
	}
	slices.Sort(lines)
	return "Contexts in " + files + ":\n" + strings.Join(lines, "\n")
}

// serverVersion asks the API server for its version. It fails after 10 seconds without an answer.
func serverVersion(ctx context.Context, config *rest.Config) (string, error) {
	config = rest.CopyConfig(config)
	config.Timeout = 10 * time.Second
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return "", errors.Join(err, context.Cause(ctx))
	}
	return version.GitVersion, nil
}

// intent describes what the run will do to the cluster.
func (o Options) intent() string {
	if o.Namespace != "" {
		return fmt.Sprintf("This run installs charts in the namespace %s, one scenario after another, "+
			"and deletes what it creates. It changes nothing else.", o.Namespace)
	}
	return "This run creates namespaces with random names, installs charts in them, and deletes them afterwards. " +
		"It changes no existing namespace."
}

// checkNamespace returns an error if the only namespace to use does not exist. If the user may not read the namespace,
// it is assumed to exist.
func (o Options) checkNamespace(ctx context.Context, client kubernetes.Interface) error {
	if o.Namespace == "" {
		return nil
	}
	found, err := client.CoreV1().Namespaces().Get(ctx, o.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no namespace %s (-namespace): "+
			"create it, or omit the flag to let the run create namespaces", o.Namespace)
	case err != nil:
		return fmt.Errorf("read the namespace %s: %w", o.Namespace, err)
	case found.DeletionTimestamp != nil:
		return fmt.Errorf("the namespace %s (-namespace) is being deleted", o.Namespace)
	}
	return nil
}

// runsContainers reports whether at least one node is real, or the nodes are unknown.
func runsContainers(ctx context.Context, client kubernetes.Interface) (bool, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("list the nodes: %w", err)
	}
	isReal := func(node corev1.Node) bool { return !isSimulated(node) }
	return len(nodes.Items) == 0 || slices.ContainsFunc(nodes.Items, isReal), nil
}

// isSimulated reports whether KWOK simulates the node. Its documentation marks such nodes in one of these ways.
func isSimulated(node corev1.Node) bool {
	return node.Labels["type"] == "kwok" || node.Annotations["kwok.x-k8s.io/node"] != ""
}

// TempDir returns a private directory of this run. Stop removes it, or the user's next run if this one is killed.
func (c *Cluster) TempDir() string { return c.dir.path }

// Kubeconfig returns the path of a kubeconfig file whose only context is the named one. It contains the user's
// credentials, so it is written to the private directory of the run, and only when Kubeconfig is first called. If that
// fails, Kubeconfig returns "", and Stop returns the error.
func (c *Cluster) Kubeconfig() string {
	if c.kubeconfig == "" && c.kubeconfigErr == nil {
		c.kubeconfigErr = c.writeKubeconfig()
	}
	return c.kubeconfig
}

func (c *Cluster) writeKubeconfig() error {
	minimal := c.raw.DeepCopy()
	if err := errors.Join(clientcmdapi.MinifyConfig(minimal), clientcmdapi.FlattenConfig(minimal)); err != nil {
		return fmt.Errorf("write a kubeconfig for the context %s: %w", c.options.Context, err)
	}
	path := filepath.Join(c.dir.path, "kubeconfig")
	if err := clientcmd.WriteToFile(*minimal, path); err != nil { // with mode 0600
		return err
	}
	c.kubeconfig = path
	return nil
}

// Stop removes the private directory of the run. It leaves the cluster as it is.
func (c *Cluster) Stop() error {
	err := c.kubeconfigErr
	if c.dir != nil {
		err = errors.Join(err, c.dir.remove())
		c.dir, c.kubeconfig = nil, ""
	}
	return err
}
