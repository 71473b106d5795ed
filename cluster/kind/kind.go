// Package kind is the cluster backend whose nodes run containers: a kind cluster (Kubernetes in Docker), managed by the
// kind provider of the e2e-framework.
//
// A run creates a cluster of its own and deletes it, or uses the one that Options.Name names and keeps it. It writes
// the kubeconfig to a private file and neither reads nor writes the user's own. If a run is killed, the next one
// deletes its cluster (claim.go).
//
// The package works around four limits of the e2e-framework's provider. It installs an old kind silently, and does not
// find it unless GOPATH is set (command.go). It takes over any cluster with the same name. It tries five times to pull
// an image that cannot be pulled (engine.go). And it deletes clusters with a command that locks the user's kubeconfig.
package kind

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	e2ekind "sigs.k8s.io/e2e-framework/support/kind"
)

// Options select a kind cluster.
type Options struct {
	Name   string // of a cluster to use and keep, created if it does not exist; "" creates one for this run alone
	Image  string // of the nodes, such as kindest/node:v1.37.2; "" is the image in Config, or else kind's default
	Config string // path of a kind configuration; "" is kind's default, one node
}

// Bind defines a flag for each option.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Name, "kind-cluster", "",
		"kind cluster: `name` of a cluster to use and keep, created if it does not exist "+
			"(default: a cluster for this run alone)")
	flags.StringVar(&o.Image, "kind-image", "",
		"kind cluster: `image` of the nodes, such as kindest/node:v1.37.2 (default: kind's default)")
	flags.StringVar(&o.Config, "kind-config", "", "kind cluster: `path` of a kind configuration")
}

// Cluster is a kind cluster.
type Cluster struct {
	options  Options
	progress io.Writer

	claim   *claim // from Start to Stop
	kind    command
	name    string
	created bool // by this run
	cluster *e2ekind.Cluster
	config  *rest.Config
}

// New returns a cluster that is not started. Progress is written to progress.
func New(options Options, progress io.Writer) *Cluster {
	return &Cluster{options: options, progress: progress}
}

// Config gives access to the cluster as its administrator, without a client-side rate limit.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig returns the path of a kubeconfig file with the same access.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.claim.dir, "kubeconfig") }

// TempDir returns a private directory of this run. Stop removes it, or the next run if this one is killed.
func (c *Cluster) TempDir() string { return c.claim.dir }

// RunsContainers returns true: a node is a container with a kubelet and containerd.
func (c *Cluster) RunsContainers() bool { return true }

// Persistent reports whether the user named the cluster. Such a cluster is kept.
func (c *Cluster) Persistent() bool { return c.options.Name != "" }

// Start deletes the clusters of killed runs, creates the cluster or finds it, and returns once its nodes are ready, the
// default service account exists and CoreDNS is available. If there is no Docker engine, or if a node image cannot be
// pulled, the error says so within seconds. If Start fails, it deletes what it created.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // instead of the error of the command that it interrupted
		}
		return errors.Join(fmt.Errorf("start a kind cluster: %w", err), c.delete())
	}
	return nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	if err := checkEngine(ctx); err != nil {
		return err
	}
	if c.kind, err = findKind(ctx, c.progress); err != nil {
		return err
	}
	if c.claim, err = newClaim(ctx); err != nil {
		return err
	}
	c.claim.sweep(ctx, c.kind, c.progress)
	existing, err := c.kind.clusters(ctx)
	if err != nil {
		return err
	}
	if c.name = c.options.Name; c.name == "" {
		c.name = c.claim.id
	}
	c.cluster = e2ekind.NewCluster(c.name)
	c.cluster.WithPath(string(c.kind))
	var args []string
	if slices.Contains(existing, c.name) {
		fmt.Fprintf(c.progress, "using the existing kind cluster %s\n", c.name)
	} else if args, err = c.prepareCreation(ctx); err != nil {
		return err
	}
	if err := c.connect(ctx, args); err != nil {
		return err
	}
	return awaitReady(ctx, c.config)
}

// prepareCreation pulls the node images and checks the name of the cluster. It returns the arguments of
// `kind create cluster`, quoted as the e2e-framework expects.
func (c *Cluster) prepareCreation(ctx context.Context) ([]string, error) {
	images, err := c.options.images()
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		if err := ensureImage(ctx, image, c.progress); err != nil {
			return nil, err
		}
	}
	if err := checkName(ctx, c.name); err != nil {
		return nil, err
	}
	c.created = true
	args := []string{"--kubeconfig", quote(c.Kubeconfig())}
	if len(images) == 1 {
		args = append(args, "--image", images[0])
	}
	if c.options.Config != "" {
		args = append(args, "--config", quote(c.options.Config))
	}
	fmt.Fprintf(c.progress, "creating the kind cluster %s (%s)\n", c.name, strings.Join(images, ", "))
	return args, nil
}

// quote makes a path with spaces one argument in the command lines of the e2e-framework.
func quote(path string) string { return `"` + path + `"` }

// connect creates the cluster with args, unless it exists, and reads its kubeconfig.
func (c *Cluster) connect(ctx context.Context, args []string) error {
	started := time.Now()
	written, err := c.cluster.Create(ctx, args...)
	if err != nil {
		return kindError(err)
	}
	if c.created {
		fmt.Fprintf(c.progress, "created in %s\n", time.Since(started).Round(time.Second))
	}
	content, err := os.ReadFile(written) // the e2e-framework writes it to a file in the system's temporary directory
	if err == nil {
		err = errors.Join(os.WriteFile(c.Kubeconfig(), content, 0o600), os.Remove(written))
	}
	if err != nil {
		return err
	}
	c.config, err = clientcmd.RESTConfigFromKubeConfig(content)
	if err != nil {
		return fmt.Errorf("parse the kubeconfig of the kind cluster %s: %w", c.name, err)
	}
	c.config.QPS = -1 // the suite limits itself
	return nil
}

// kindError reduces an error of the e2e-framework, which has the whole output of kind twice, to kind's own error
// message.
func kindError(err error) error {
	const prefix = "ERROR: "
	text := err.Error()
	if i := strings.LastIndex(text, prefix); i >= 0 {
		return errors.New(strings.TrimSpace(text[i+len(prefix):]))
	}
	return err
}

// ExportLogs writes the logs of the nodes, their containers and pods into dir.
func (c *Cluster) ExportLogs(ctx context.Context, dir string) error {
	if err := c.cluster.ExportLogs(ctx, quote(dir)); err != nil {
		return fmt.Errorf("export the logs of the kind cluster %s: %w", c.name, kindError(err))
	}
	return nil
}

// Stop deletes the cluster, unless the user named it. It returns within a minute; if kind takes longer, the next run
// deletes the cluster.
func (c *Cluster) Stop() error {
	if c.Persistent() {
		c.created = false
	}
	return c.delete()
}

// deleteTimeout bounds the deletion of a cluster, which takes a few seconds.
const deleteTimeout = time.Minute

// delete deletes the cluster if this run created it, and releases the claim. Calling it again does nothing.
func (c *Cluster) delete() error {
	if c.claim == nil {
		return nil
	}
	if c.created {
		ctx, cancel := context.WithTimeout(context.Background(), deleteTimeout) // the run's context may have ended
		defer cancel()
		if err := c.kind.deleteCluster(ctx, c.name, c.Kubeconfig()); err != nil {
			return fmt.Errorf("delete the kind cluster %s: %w", c.name, err) // the claim stays, so that the next run retries
		}
	}
	err := c.claim.release()
	c.claim = nil
	return err
}

// newID returns a short random name.
func newID() string { return "charts-" + strings.ToLower(rand.Text()[:6]) }
