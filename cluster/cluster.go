// Package cluster gives a test run a Kubernetes API server to talk to.
//
// A backend provides it, and each backend has a package of its own: embedded (the default), kind and existing. Open
// selects one by name. A backend knows nothing about Helm, charts or scenarios.
//
//	provider, err := cluster.Open("embedded", cluster.Options{}, os.Stderr)
//	if err != nil {
//		return err
//	}
//	if err := provider.Start(ctx); err != nil {
//		return err
//	}
//	defer provider.Stop()
//	client, err := kubernetes.NewForConfig(provider.Config())
package cluster

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/existing"
	"github.com/traderadmin/charts/cluster/kind"
)

// Provider is a cluster that can be started once and stopped once. Every method except Start and Stop is valid only
// between Start and Stop.
type Provider interface {
	// Start returns once pods can be created and scheduled. It reports progress if that takes more than a moment. If it
	// returns an error, it has already cleaned up what it created.
	Start(ctx context.Context) error
	// Config gives access to the cluster as its administrator, or as the user of the context for an existing cluster.
	Config() *rest.Config
	// Kubeconfig returns the path of a kubeconfig file that gives the same access to kubectl and helm.
	Kubeconfig() string
	// TempDir returns a private directory of this run. Stop removes it. If the process is killed, it is removed at once
	// or by the user's next run.
	TempDir() string
	// RunsContainers reports whether containers really run. On simulated nodes they do not, and a pod becomes Ready as
	// soon as it is bound to a node.
	RunsContainers() bool
	// Persistent reports whether the cluster outlives the run and may have other users. On such a cluster the run must
	// delete everything that it creates.
	Persistent() bool
	// Stop deletes what Start created. It is safe to call more than once, and after a Start that failed. It takes no
	// context, because it must also work after the context of the run has ended. Each backend bounds its time: embedded
	// 10 seconds, kind 1 minute, existing the time to delete a few files. The error also says why the cluster ended
	// early, if it did.
	Stop() error
}

// ImageLoader is a Provider that can put images onto its nodes without a registry.
type ImageLoader interface {
	// LoadImageArchive loads the images of an archive onto every node, under the names that the archive gives them. The
	// archive is the output of `docker save`, or a tar file with an OCI layout.
	LoadImageArchive(ctx context.Context, path string) error
	// Images returns the images that every node has: the digest by the full name, such as docker.io/library/redis:7.
	Images(ctx context.Context) (map[string]string, error)
	// RemoveImages removes these image names from every node.
	RemoveImages(ctx context.Context, names ...string) error
}

// LogExporter is a Provider that has logs to show when a run fails.
type LogExporter interface {
	// ExportLogs writes the logs of the nodes into dir, which is created if it does not exist.
	ExportLogs(ctx context.Context, dir string) error
}

// SingleNamespace is a Provider that may restrict a run to one namespace.
type SingleNamespace interface {
	// Namespace returns that namespace, which exists and must not be deleted, or "" if the run creates its own
	// namespaces.
	Namespace() string
}

// NamespaceRetainer is a Provider that may leave finished namespaces behind, because the cluster is discarded after the
// run.
type NamespaceRetainer interface {
	// RetainNamespaces returns how many finished namespaces, with everything in them, may stay at the same time.
	RetainNamespaces() int
}

// Options holds the options of every backend. Open passes each backend its own.
type Options struct {
	Embedded embedded.Options
	Kind     kind.Options
	Existing existing.Options
}

// Bind defines a flag for every option, with its default.
func (o *Options) Bind(flags *flag.FlagSet) {
	for _, name := range names() {
		backends[name].bind(o, flags)
	}
}

// Each returns the options of every cluster that options name for a backend, with what tells it from the others. The
// list has one element, without a name, unless options name several versions of Kubernetes. An error says which version
// the backend does not have.
func Each(ctx context.Context, backend string, options Options) ([]Variant, error) {
	if backend != "embedded" {
		return []Variant{{Options: options}}, nil
	}
	each, err := options.Embedded.Each(ctx)
	var variants []Variant
	for _, embedded := range each {
		one := Variant{Options: options}
		one.Options.Embedded = embedded
		if len(each) > 1 {
			one.Name = "Kubernetes " + embedded.Kubernetes
			one.Flags = []string{"-kubernetes=" + embedded.Kubernetes}
		}
		variants = append(variants, one)
	}
	return variants, err
}

// Variant is one of the clusters that a command line names.
type Variant struct {
	Name    string   // such as "Kubernetes 1.34"; empty if there is one cluster
	Flags   []string // that name this cluster alone, in place of the flags with the same names
	Options Options
}

// backends maps a name, as given to -cluster, to the constructor of the backend.
var backends = map[string]backend{
	"embedded": {
		open: func(o Options, progress io.Writer) Provider { return embedded.New(o.Embedded, progress) },
		bind: func(o *Options, flags *flag.FlagSet) { o.Embedded.Bind(flags) },
	},
	"kind": {
		open: func(o Options, progress io.Writer) Provider { return kind.New(o.Kind, progress) },
		bind: func(o *Options, flags *flag.FlagSet) { o.Kind.Bind(flags) },
	},
	"existing": {
		open: func(o Options, progress io.Writer) Provider { return existing.New(o.Existing, progress) },
		bind: func(o *Options, flags *flag.FlagSet) { o.Existing.Bind(flags) },
	},
}

// backend creates a provider and registers its flags.
type backend struct {
	open func(o Options, progress io.Writer) Provider
	bind func(o *Options, flags *flag.FlagSet)
}

// FlagBackend returns the backend that a flag belongs to, or "" if it belongs to none.
func FlagBackend(flagName string) string {
	for name, b := range backends {
		flags := flag.NewFlagSet(name, flag.ContinueOnError)
		b.bind(new(Options), flags)
		if flags.Lookup(flagName) != nil {
			return name
		}
	}
	return ""
}

// Open returns the named backend, not yet started. The backend reports its progress to progress. For an unknown name
// the error lists the known ones.
func Open(name string, options Options, progress io.Writer) (Provider, error) {
	b, ok := backends[name]
	if !ok {
		return nil, fmt.Errorf("unknown cluster backend %q: choose one of %s", name, Names())
	}
	return b.open(options, progress), nil
}

// Names returns the names of the backends, sorted and separated by commas, for help texts and errors.
func Names() string { return strings.Join(names(), ", ") }

func names() []string { return slices.Sorted(maps.Keys(backends)) }
