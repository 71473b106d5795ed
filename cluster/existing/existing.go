// Package existing is the cluster backend that makes no cluster: it uses the one that a kubeconfig context of the user's leads to.
//
// The context must be named: the current one is what somebody chose for something else. Before anything is made, the backend says where the run will be and what it will
// make, and asks the cluster whether the user may (SelfSubjectAccessReview). Nothing that was there before is written to; what a run makes it takes away itself, by
// steps/internal/ownership.
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

// Options say which cluster a run gets, and what it may do there.
type Options struct {
	Context    string // of the kubeconfig; there is no default
	Kubeconfig string // its path; "" is where kubectl looks: KUBECONFIG, or ~/.kube/config
	Namespace  string // the only one to use, which is there and stays; "" makes namespaces for the scenarios

	// Kinds are those of the objects that the run will make. The backend asks whether the user may.
	Kinds []schema.GroupVersionKind
}

// Bind adds the options to flags.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Context, "context", "", "existing cluster: the kubeconfig `context` that leads to it")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "existing cluster: the `path` of the kubeconfig (KUBECONFIG or ~/.kube/config if not given)")
	flags.StringVar(&o.Namespace, "namespace", "", "existing cluster: use only this `namespace`, which must exist, one scenario after another (each scenario gets namespaces of its own if not given)")
}

// Cluster is a cluster of the user's.
type Cluster struct {
	options  Options
	progress io.Writer

	raw        clientcmdapi.Config
	config     *rest.Config
	containers bool
	folder     *folder // from Start to Stop

	kubeconfig    string // once it was asked for
	kubeconfigErr error
}

// New returns a cluster that is not yet connected to. What will happen there is written to progress.
func New(options Options, progress io.Writer) *Cluster {
	return &Cluster{options: options, progress: progress}
}

// Config is how to reach the API server as the user of the context, without a client-side limit on requests.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// RunsContainers is true unless every node is one of KWOK's, which are simulated. Where the user may not see the nodes, they are taken for real.
func (c *Cluster) RunsContainers() bool { return c.containers }

// Persistent returns true.
func (c *Cluster) Persistent() bool { return true }

// Namespace returns the only namespace that a run may use, or "".
func (c *Cluster) Namespace() string { return c.options.Namespace }

// Start makes nothing. It returns when the cluster has answered, what will be made was said, and the user may make it; otherwise with one error that lists all that
// the user may not.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("use a cluster that exists: %w", err)
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
	version, err := answer(ctx, c.config)
	if err != nil {
		return fmt.Errorf("%s of the context %q does not answer: %w", c.config.Host, c.options.Context, err)
	}
	fmt.Fprintf(c.progress, "context %s: %s, Kubernetes %s\n%s\n", c.options.Context, c.config.Host, version, c.options.intent())
	if err := c.options.namespaceIsThere(ctx, client); err != nil {
		return err
	}
	if err := checkAccess(ctx, client, c.options); err != nil {
		return err
	}
	if c.containers, err = runsContainers(ctx, client); err != nil {
		return err
	}
	c.folder, err = newFolder(c.progress)
	return err
}

// load reads the kubeconfig and returns it, with the context that was named for the current one, and how to reach that context's cluster.
func (o Options) load() (clientcmdapi.Config, *rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return clientcmdapi.Config{}, nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	where := strings.Join(rules.GetLoadingPrecedence(), ", ")
	if o.Kubeconfig != "" {
		where = o.Kubeconfig
	}
	if _, ok := raw.Contexts[o.Context]; !ok {
		complaint := fmt.Sprintf("there is no context %q in %s", o.Context, where)
		if o.Context == "" {
			complaint = "name the context of the cluster with -context; the current one is never taken"
		}
		return clientcmdapi.Config{}, nil, fmt.Errorf("%s\n%s", complaint, contexts(raw, where))
	}
	raw.CurrentContext = o.Context
	config, err := clientcmd.NewDefaultClientConfig(*raw, nil).ClientConfig()
	if err != nil {
		return clientcmdapi.Config{}, nil, fmt.Errorf("the context %q of %s: %w", o.Context, where, err)
	}
	config.QPS = -1 // the suite bounds itself, and the server has priority and fairness
	return *raw, config, nil
}

// contexts lists those of a kubeconfig, with the server of each.
func contexts(raw *clientcmdapi.Config, where string) string {
	if len(raw.Contexts) == 0 {
		return "There are no contexts in " + where
	}
	lines := []string{"There are:"}
	for name, found := range raw.Contexts {
		server := "a cluster that is not there"
		if cluster, ok := raw.Clusters[found.Cluster]; ok {
			server = cluster.Server
		}
		lines = append(lines, fmt.Sprintf("    %s (%s)", name, server))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// answer is the version that the server says it has.
func answer(ctx context.Context, config *rest.Config) (string, error) {
	const patience = 10 * time.Second
	asking := rest.CopyConfig(config)
	asking.Timeout = patience
	client, err := kubernetes.NewForConfig(asking)
	if err != nil {
		return "", err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return "", errors.Join(err, context.Cause(ctx))
	}
	return version.GitVersion, nil
}

// intent says what the run will do to the cluster.
func (o Options) intent() string {
	if o.Namespace != "" {
		return fmt.Sprintf("This run installs charts in the namespace %s, one scenario after another, and takes away what it made there. It touches nothing else.", o.Namespace)
	}
	return "This run makes namespaces, each with a few letters of its own in its name, installs charts in them, and deletes them afterwards. It touches no namespace that is there now."
}

// namespaceIsThere holds where the one namespace for all exists, or is not to be seen.
func (o Options) namespaceIsThere(ctx context.Context, client kubernetes.Interface) error {
	if o.Namespace == "" {
		return nil
	}
	found, err := client.CoreV1().Namespaces().Get(ctx, o.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil // whoever has rights in one namespace only may not see it from outside
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no namespace %s (-namespace): have it made, or leave the flag out to have namespaces made by the run", o.Namespace)
	case err != nil:
		return fmt.Errorf("look for the namespace %s: %w", o.Namespace, err)
	case found.DeletionTimestamp != nil:
		return fmt.Errorf("the namespace %s (-namespace) is being deleted", o.Namespace)
	}
	return nil
}

func runsContainers(ctx context.Context, client kubernetes.Interface) (bool, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("see whether the nodes are real: %w", err)
	}
	return len(nodes.Items) == 0 || slices.ContainsFunc(nodes.Items, func(node corev1.Node) bool { return !isSimulated(node) }), nil
}

// isSimulated says whether KWOK plays the node. Its documentation has such nodes marked by either of these.
func isSimulated(node corev1.Node) bool {
	return node.Labels["type"] == "kwok" || node.Annotations["kwok.x-k8s.io/node"] != ""
}

// TempDir returns a private directory of this run. Stop removes it, or the user's next run if this one is killed.
func (c *Cluster) TempDir() string { return c.folder.path }

// Kubeconfig is the path of a kubeconfig that has the named context alone, as the current one. It is made when it is first asked for, because it has the user's credentials in
// it, and goes with the folder of the run. It is "" where it cannot be made; Stop then says why.
func (c *Cluster) Kubeconfig() string {
	if c.kubeconfig == "" && c.kubeconfigErr == nil {
		c.kubeconfigErr = c.writeKubeconfig()
	}
	return c.kubeconfig
}

func (c *Cluster) writeKubeconfig() error {
	one := c.raw.DeepCopy()
	if err := errors.Join(clientcmdapi.MinifyConfig(one), clientcmdapi.FlattenConfig(one)); err != nil {
		return fmt.Errorf("make a kubeconfig of the context %s: %w", c.options.Context, err)
	}
	path := filepath.Join(c.folder.path, "kubeconfig")
	if err := clientcmd.WriteToFile(*one, path); err != nil { // for the user's eyes only
		return err
	}
	c.kubeconfig = path
	return nil
}

// Stop leaves the cluster as it is, and takes the run's folder away.
func (c *Cluster) Stop() error {
	err := c.kubeconfigErr
	if c.folder != nil {
		err = errors.Join(err, c.folder.remove())
		c.folder, c.kubeconfig = nil, ""
	}
	return err
}
