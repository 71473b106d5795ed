// Package kind is the cluster backend whose nodes run containers: a kind cluster (Kubernetes in Docker), by the kind provider of the
// e2e-framework.
//
// A run makes a cluster of its own and deletes it, or uses the one that Options.Name names and keeps it. The kubeconfig is a private file of the
// run: the user's own is neither read nor written. What a killed run left is deleted by the next one: see claim.
//
// Three things the e2e-framework's provider does not do as a user needs them, and so are done here. It installs an old kind without a word,
// and does not find it afterwards unless GOPATH is set (command.go). It takes any cluster of the same name for its own, and an image that cannot be had costs
// five tries to pull it (engine.go). And it deletes with `kind delete cluster` alone, which locks the user's own kubeconfig.
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

// Options say which kind cluster a run gets.
type Options struct {
	Name   string // of the cluster to use, or to make where there is none of that name, and to keep; "" makes one for this run alone
	Image  string // of the nodes, such as kindest/node:v1.37.2; "" leaves it to Config, or to kind
	Config string // the path of a kind configuration; "" is one node as kind makes it
}

// Bind adds the options to flags.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Name, "kind-cluster", "", "kind cluster: use the one of this `name`, made where there is none, and keep it (one of the run's own, deleted afterwards, if not given)")
	flags.StringVar(&o.Image, "kind-image", "", "kind cluster: the `image` of the nodes, such as kindest/node:v1.37.2 (kind's default if not given)")
	flags.StringVar(&o.Config, "kind-config", "", "kind cluster: a kind configuration, a `path`")
}

// Cluster is one kind cluster.
type Cluster struct {
	options  Options
	progress io.Writer

	claim   *claim
	kind    command
	name    string
	made    bool // by this run
	cluster *e2ekind.Cluster
	config  *rest.Config
}

// New returns a cluster that is not started. Progress is written to progress.
func New(options Options, progress io.Writer) *Cluster {
	return &Cluster{options: options, progress: progress}
}

// Config is how to reach the API server as its administrator, without a client-side limit on requests.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig is the path of a kubeconfig with the same access.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.claim.folder, "kubeconfig") }

// TempDir returns a private directory of this run. Stop removes it, or the next run if this one is killed.
func (c *Cluster) TempDir() string { return c.claim.folder }

// RunsContainers is true: a node is a container with a kubelet and containerd in it.
func (c *Cluster) RunsContainers() bool { return true }

// Persistent reports whether the user named the cluster. Such a cluster is kept.
func (c *Cluster) Persistent() bool { return c.options.Name != "" }

// Start deletes the clusters of runs that are dead, makes the cluster or finds it, and returns when its nodes are ready, the default service account is
// there and names are resolved. Where there is no Docker engine, or no node image to be had, the error says so within seconds. What a failed start
// made is deleted.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // the error of a command that was ended says nothing more
		}
		return errors.Join(fmt.Errorf("start a kind cluster: %w", err), c.delete())
	}
	return nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	if err := engineAnswers(ctx); err != nil {
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
		fmt.Fprintf(c.progress, "using the kind cluster %s as it is\n", c.name)
	} else if args, err = c.createArgs(ctx); err != nil {
		return err
	}
	if err := c.connect(ctx, args); err != nil {
		return err
	}
	return awaitReady(ctx, c.config)
}

// createArgs are the arguments of `kind create cluster` for a cluster that is not there yet. They quote as the e2e-framework reads them.
func (c *Cluster) createArgs(ctx context.Context) ([]string, error) {
	images, err := c.options.images()
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		if err := ensureImage(ctx, image, c.progress); err != nil {
			return nil, err
		}
	}
	if err := nameIsFree(ctx, c.name); err != nil {
		return nil, err
	}
	c.made = true
	args := []string{"--kubeconfig", quote(c.Kubeconfig())}
	if len(images) == 1 {
		args = append(args, "--image", images[0])
	}
	if c.options.Config != "" {
		args = append(args, "--config", quote(c.options.Config))
	}
	fmt.Fprintf(c.progress, "making the kind cluster %s (%s)\n", c.name, strings.Join(images, ", "))
	return args, nil
}

// quote keeps a path with spaces one word in the command lines of the e2e-framework.
func quote(path string) string { return `"` + path + `"` }

// connect makes the cluster with args, or only connects where it is there, and reads how to reach it.
func (c *Cluster) connect(ctx context.Context, args []string) error {
	started := time.Now()
	written, err := c.cluster.Create(ctx, args...)
	if err != nil {
		return said(err)
	}
	if c.made {
		fmt.Fprintf(c.progress, "made in %s\n", time.Since(started).Round(time.Second))
	}
	content, err := os.ReadFile(written) // the e2e-framework's own copy, in the folder for temporary files
	if err == nil {
		err = errors.Join(os.WriteFile(c.Kubeconfig(), content, 0o600), os.Remove(written))
	}
	if err != nil {
		return err
	}
	c.config, err = clientcmd.RESTConfigFromKubeConfig(content)
	if err != nil {
		return fmt.Errorf("read the kubeconfig of the kind cluster %s: %w", c.name, err)
	}
	c.config.QPS = -1 // the suite bounds itself
	return nil
}

// said is what kind said of its failure. The e2e-framework's error has all that it printed, twice.
func said(err error) error {
	const mark = "ERROR: "
	text := err.Error()
	if i := strings.LastIndex(text, mark); i >= 0 {
		return errors.New(strings.TrimSpace(text[i+len(mark):]))
	}
	return err
}

// ExportLogs writes what the nodes, their containers and pods logged into folder.
func (c *Cluster) ExportLogs(ctx context.Context, folder string) error {
	if err := c.cluster.ExportLogs(ctx, quote(folder)); err != nil {
		return fmt.Errorf("export the logs of the kind cluster %s: %w", c.name, said(err))
	}
	return nil
}

// Stop deletes the cluster, unless it is one that the user named.
func (c *Cluster) Stop() error {
	if c.options.Name != "" {
		c.made = false
	}
	return c.delete()
}

// patience with kind's deletion of a cluster, which takes it a few seconds.
const patience = time.Minute

// delete deletes what this run made, and gives up its claim. It is no error to do so twice.
func (c *Cluster) delete() error {
	if c.claim == nil {
		return nil
	}
	if c.made {
		ctx, cancel := context.WithTimeout(context.Background(), patience) // the run's own may have ended
		defer cancel()
		if err := c.kind.deleteCluster(ctx, c.name, c.Kubeconfig()); err != nil {
			return fmt.Errorf("delete the kind cluster %s: %w", c.name, err) // the claim stays, for the next run to try again
		}
	}
	err := c.claim.release()
	c.claim = nil
	return err
}

// newID is short enough to read and long enough to be had once.
func newID() string { return "charts-" + strings.ToLower(rand.Text()[:6]) }
