// Package helm is a Helm command line that runs in process, on Helm's SDK.
//
// It takes the commands and flags of the helm binary, with their names, short forms, defaults and meaning, and prints what
// the binary prints, into a Result. It touches nothing of the process: neither working directory nor environment nor standard
// streams, so that many command lines can run side by side against one cluster.
//
// It differs from the binary in one thing: a wait (--wait, a hook, a test) ends as soon as it cannot succeed, by the rules of package rollout, and
// says why. What the command does then is what it does when the time is up.
//
// Left out on purpose: commands that manage a user's own Helm (repo, registry, plugin, search, …), signing and its
// verification, client certificates for chart repositories, post-renderers, and --output-dir.
package helm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
)

// Options says how command lines are read.
type Options struct {
	// Namespace is used where a command line has no --namespace. Empty means "default".
	Namespace string

	// Dir is the folder that relative paths of charts, values files and destinations start from. Empty means the folder that
	// the process is in when New is called.
	Dir string

	// Redirect returns the path to read where a command line names this absolute path. nil means that path itself.
	Redirect func(path string) string

	// KubeVersion is the Kubernetes version that `template` and `lint` render for where a command line has no --kube-version,
	// for instance "1.37.2". Empty means the default of Helm's SDK.
	KubeVersion string

	// Prepare is given what a command is about to create or update, before it is sent: the chart's objects, its CRDs, hooks, and the
	// namespace of --create-namespace. See Prepare. nil means that all is sent as rendered.
	Prepare Prepare
}

// Prepare is given objects that are about to be created or updated, and may change them: they are sent as it leaves them, but the release
// records them as rendered. Those outside of namespaces have no namespace, all others have one. It is not called for what is only rendered,
// compared or deleted. Its error ends the command before anything of these objects is sent. Several commands may call it at once.
type Prepare func(ctx context.Context, objects []*unstructured.Unstructured) error

// Client runs Helm command lines against one cluster. It is safe for concurrent use.
type Client struct {
	namespace   string
	actual      func(namespace string) string // nil: as the command line says
	dir         string
	redirect    func(path string) string
	scratch     string // "": relative paths start from dir alone
	kubeVersion string
	prepare     Prepare
	configure   configure
	discovery   discovery.DiscoveryInterface
}

// configure makes a command line's config ready for actions in a namespace. An empty namespace means all of them.
type configure func(ctx context.Context, run *invocation, namespace string) error

// Result is what became of one command line.
type Result struct {
	// Command is the command line, quoted where a shell would need it: ready to paste.
	Command string

	// Output is what Helm prints to standard output.
	Output string

	// Warnings is what Helm prints to standard error: deprecations, the API server's warnings (an unknown field, for one), the
	// output of hooks.
	Warnings string

	// Log is Helm's debug log.
	Log string

	// Chart is the chart that the command line names, as it names it; "" where it names none.
	Chart string

	// Release is the release that the command made, changed or read: the last one where it names several, nil where there is
	// none. A failed install or upgrade has one too, once it is recorded.
	Release *Release

	// Releases are the releases that `list` found, in the order of its table, or the revisions that `history` found, oldest
	// first.
	Releases []*Release
}

// New returns a client of the cluster that config points at. It does not contact the cluster. The client and all made from it
// by WithNamespace share what they learn by discovery and from the OpenAPI documents. Requests are not held back on the
// client's side, whatever limit config has.
func New(config *rest.Config, options Options) (*Client, error) {
	if config == nil {
		return nil, errors.New("helm client: no configuration of a cluster was given")
	}
	if options.KubeVersion != "" {
		if _, err := chartutil.ParseKubeVersion(options.KubeVersion); err != nil {
			return nil, fmt.Errorf("helm client: Kubernetes version %q: %w", options.KubeVersion, err)
		}
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("helm client: folder %q: %w", options.Dir, err)
	}
	cluster, err := newCluster(config)
	if err != nil {
		return nil, fmt.Errorf("helm client of %s: %w", config.Host, err)
	}
	redirect := options.Redirect
	if redirect == nil {
		redirect = func(path string) string { return path }
	}
	client := &Client{dir: dir, redirect: redirect, kubeVersion: options.KubeVersion, prepare: options.Prepare, configure: cluster.configure, discovery: cluster.discovery}
	return client.WithNamespace(options.Namespace), nil
}

// WithNamespace returns a client of the same cluster that uses namespace where a command line has no --namespace. Empty means
// "default".
func (c *Client) WithNamespace(namespace string) *Client {
	if namespace == "" {
		namespace = "default"
	}
	other := *c
	other.namespace = namespace
	return &other
}

// WithNamespaces returns a client of the same cluster for command lines that call namespaces by other names than the cluster
// does: actual is given each namespace that is meant, by --namespace or because there is none, and returns the cluster's name for it.
func (c *Client) WithNamespaces(actual func(namespace string) string) *Client {
	other := *c
	other.actual = actual
	return &other
}

// WithPrepare returns a client of the same cluster that has prepare in place of Options.Prepare.
func (c *Client) WithPrepare(prepare Prepare) *Client {
	other := *c
	other.prepare = prepare
	return &other
}

// WithScratch returns a client of the same cluster for command lines that have a folder of their own: relative paths of what they read are looked
// for there first, and in Options.Dir where they are not there; what they write, such as the archive of `package`, goes there.
func (c *Client) WithScratch(folder string) *Client {
	other := *c
	other.scratch = folder
	return &other
}

// Discovery is what the cluster serves, remembered from the first question on until it is invalidated. It has its documents from where the commands have
// theirs: none is fetched twice while it holds.
func (c *Client) Discovery() discovery.CachedDiscoveryInterface {
	return memory.NewMemCacheClient(c.discovery)
}

// Run runs one command line; args are its words without the leading "helm", as Split returns them.
//
// The result is never nil: where a command fails it has what was printed until then. The error names the command line and
// wraps Helm's own; where Helm waited in vain, for --wait or for a hook, it wraps a *rollout.Error, too. When ctx ends, install and upgrade return as they do on Ctrl-C in the helm binary: the release is marked
// failed (with --atomic: undone), and what was already under way goes on in the background. The other commands heed ctx only
// before they start; their own --timeout bounds them.
func (c *Client) Run(ctx context.Context, args ...string) (*Result, error) {
	run := newInvocation(c)
	err := run.execute(ctx, args)

	result := &Result{
		Command:  join(append([]string{"helm"}, args...)),
		Output:   run.stdout.String(),
		Warnings: run.stderr.String(),
		Log:      run.log.String(),
		Chart:    run.chart,
		Release:  newRelease(run.release),
		Releases: newReleases(run.releases),
	}
	if err == nil {
		return result, nil
	}
	err = fmt.Errorf("%s: %w", result.Command, ownError(err))
	if failed := run.wait.Load(); failed != nil && !errors.Is(err, *failed) {
		err = wrapped{err, *failed} // Helm kept only its words
	}
	return result, err
}
