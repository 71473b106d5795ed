package helm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
)

// Options configures how a Client interprets command lines.
type Options struct {
	// Namespace is the namespace of command lines without --namespace. "" means "default".
	Namespace string

	// Dir is the base of relative paths of charts, values files and destinations. "" means the working directory of the
	// process when New is called.
	Dir string

	// Redirect maps an absolute path of the command line to the path to read. nil changes no path.
	Redirect func(path string) string

	// Timeout is the default of --timeout. 0 means Helm's, which is 5 minutes.
	Timeout time.Duration

	// Scratch is a folder for temporary files. "" means that of the system.
	Scratch string
}

// Client implements Helm in process, with the SDK of Helm 3.
type Client struct {
	namespace   string
	dir         string
	redirect    func(path string) string
	timeout     time.Duration // 0 means Helm's
	kubeVersion func() string // of the cluster; "" if it does not answer
	scratch     string
	configure   func(context.Context, *execution) error // prepares the configuration of actions
	load        func(path string) (*chart.Chart, error)
	discovery   discovery.DiscoveryInterface
}

var _ Helm = (*Client)(nil)

// New returns a client of the cluster that config points at. It does not contact the cluster. Requests have no
// client-side rate limit, whatever config says.
func New(config *rest.Config, options Options) (*Client, error) {
	if config == nil {
		return nil, errors.New("helm client: the configuration of the cluster is missing")
	}
	if options.Namespace == "" {
		options.Namespace = "default"
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("helm client: folder %q: %w", options.Dir, err)
	}
	if options.Redirect == nil {
		options.Redirect = func(path string) string { return path }
	}
	nameFieldManager()
	cluster, err := newCluster(config)
	if err != nil {
		return nil, fmt.Errorf("helm client of %s: %w", config.Host, err)
	}
	return &Client{
		namespace: options.Namespace, dir: dir, redirect: options.Redirect, timeout: options.Timeout,
		kubeVersion: sync.OnceValue(cluster.kubeVersion), scratch: options.Scratch, load: loader.Load,
		configure: cluster.configure, discovery: cluster.discovery,
	}, nil
}

// Redirected returns a client of the same cluster that reads other paths; see Options.Redirect.
func (c *Client) Redirected(redirect func(path string) string) *Client {
	copied := *c
	copied.redirect = redirect
	return &copied
}

// nameFieldManager makes "helm" the owner of fields in managedFields, as the main function of the helm binary does. By
// default, the SDK uses the name of the process. The SDK offers only a global variable for it. To keep imports free of
// side effects, the variable is set when the first client is created, and only if the program has not set it.
var nameFieldManager = sync.OnceFunc(func() {
	if kube.ManagedFieldsManager == "" {
		kube.ManagedFieldsManager = "helm"
	}
})

// Discovery implements Helm. The discovery client shares downloaded documents with the client's commands.
func (c *Client) Discovery() discovery.CachedDiscoveryInterface {
	return memory.NewMemCacheClient(c.discovery)
}

// Parse implements Helm with the flags of Helm 3.
func (c *Client) Parse(args []string) (*Invocation, error) { return ParseCommandLine(args) }

// Run implements Helm.
//
// If ctx ends, install and upgrade return as they do on Ctrl-C in the helm binary: the release is marked as failed
// (with --atomic: undone), and requests under way go on in the background. The other commands check ctx only before
// they start; their --timeout bounds them.
func (c *Client) Run(ctx context.Context, scope Scope, args ...string) (*Result, error) {
	e := newExecution(c, scope)
	err := e.execute(ctx, args)
	if notRecorded := e.finishRecord(err); notRecorded != nil {
		err = errors.Join(err, fmt.Errorf("record the command: %w", notRecorded))
	}
	result := &Result{
		Command:  join(append([]string{"helm"}, args...)),
		Output:   e.stdout.String(),
		Warnings: e.stderr.String(),
		Chart:    e.chart,
		Releases: newReleases(e.releases),
	}
	if last := len(result.Releases) - 1; last >= 0 {
		result.Release = result.Releases[last]
	}
	if err == nil {
		return result, nil
	}
	if errors.Is(err, driver.ErrReleaseNotFound) {
		err = identified{err, ErrReleaseNotFound}
	}
	if wait := e.waitError.Load(); wait != nil && !errors.Is(err, *wait) {
		err = identified{err, *wait} // Helm keeps only the message
	}
	return result, fmt.Errorf("%w\nwhile running: %s", err, result.Command)
}

// identified is an error with the message of one error and the identity of both.
type identified struct {
	error
	as error
}

func (i identified) Unwrap() []error { return []error{i.error, i.as} }
