// Package cluster gives a test run a Kubernetes API server to talk to.
//
// Where it comes from is a backend's business, a folder each; Open picks one by name. A backend knows nothing of
// Helm, charts or scenarios, and takes away on Stop what it made on Start.
package cluster

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/existing"
	"github.com/traderadmin/charts/cluster/kind"
)

// Provider is a cluster that can be started and stopped once.
type Provider interface {
	// Start returns when pods can be made and scheduled, or with an error that says what failed; then nothing is
	// left running. Progress that takes longer than a moment is reported on the way.
	Start(ctx context.Context) error
	// Config is how to reach the cluster as its administrator; valid from Start to Stop.
	Config() *rest.Config
	// Kubeconfig is the path of a kubeconfig with the same access, for kubectl and helm.
	Kubeconfig() string
	// Folder is one of the run's own, for files that are to go with it, however it ends: on Stop, and where the run is killed at once, or with the next run of the same user.
	// Valid from Start to Stop.
	Folder() string
	// RunsContainers says whether a pod's containers run in truth: not on simulated nodes, where a pod is Ready as soon as it is
	// bound. Valid from Start to Stop.
	RunsContainers() bool
	// Shared says that the cluster is there for others too, and after Stop: what a run makes on it, the run must take away.
	Shared() bool
	// Stop takes away what Start made. Its error says so when the cluster had ended before, and why.
	Stop() error
}

// ImageLoader is a Provider whose nodes can be given images that no registry has. Not every cluster that runs containers is one.
type ImageLoader interface {
	// LoadImageArchive puts the images of an archive, as `docker save` or an OCI layout in a tar file, onto every node, under the names
	// that the archive gives them.
	LoadImageArchive(ctx context.Context, path string) error
	// Images are those that every node has: their digests, by their names in full, such as docker.io/library/redis:7.
	Images(ctx context.Context) (map[string]string, error)
	// RemoveImages takes names of images away from every node.
	RemoveImages(ctx context.Context, names ...string) error
}

// LogExporter is a Provider that has logs to show when a run fails.
type LogExporter interface {
	// ExportLogs writes what the nodes logged into folder, which is made where it is not there.
	ExportLogs(ctx context.Context, folder string) error
}

// Confined is a Provider that may let a run into one namespace only.
type Confined interface {
	// Namespace is that one, which exists and must stay; "" where a run makes namespaces of its own.
	Namespace() string
}

// Roomy is a Provider on which not all has to be taken away that is not needed any more.
type Roomy interface {
	// Room is for how many namespaces, and what is in them, which go with the cluster.
	Room() int
}

// Options are the settings of every backend; each reads its own.
type Options struct {
	Embedded embedded.Options
	Kind     kind.Options
	Existing existing.Options
}

// Bind adds the options to flags, with their defaults.
func (o *Options) Bind(flags *flag.FlagSet) {
	o.Embedded.Bind(flags)
	o.Kind.Bind(flags)
	o.Existing.Bind(flags)
}

// backends is every kind of cluster by the name that -cluster takes.
var backends = map[string]func(Options, io.Writer) Provider{
	"embedded": func(o Options, progress io.Writer) Provider { return embedded.New(o.Embedded, progress) },
	"kind":     func(o Options, progress io.Writer) Provider { return kind.New(o.Kind, progress) },
	"existing": func(o Options, progress io.Writer) Provider { return existing.New(o.Existing, progress) },
}

// Open returns the backend name, not yet started. Its progress goes to progress. An unknown name is an error that lists the known ones.
func Open(name string, options Options, progress io.Writer) (Provider, error) {
	backend, ok := backends[name]
	if !ok {
		return nil, fmt.Errorf("there is no cluster backend %q: choose one of %s", name, Names())
	}
	return backend(options, progress), nil
}

// Names lists the backends, for a flag's usage and for errors.
func Names() string {
	names := make([]string, 0, len(backends))
	for name := range backends {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
