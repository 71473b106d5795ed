// Package standin supplies the images that containers of a scenario name to the nodes of a cluster, so that pods start
// although no registry has their images.
//
// An image that the nodes do not have is replaced by a stand-in, which is a test double: an image of the same name
// whose only program is the command in the folder program. Neither a registry nor a Dockerfile is needed. These images
// are not replaced:
//
//   - Images that the nodes already have.
//   - Images of registries under the reserved domain .invalid (RFC 2606). They cannot be pulled, and scenarios use them
//     for that.
//   - Images that the user wants real (Options.RealImages). They are loaded from the local Docker engine, which pulls
//     them if it can. If it cannot, another tag of the same repository that the engine has is used, and Used says so.
//
// # Contracts
//
// A node has one image of a name, but containers of several scenarios share it. The image therefore carries a contract
// (package contract), which maps container names to the ports that any container of that name and image has declared in
// this run. Contracts only grow. When a container declares something new, the image is loaded again before the objects
// are sent; running pods keep the image that they started with. A consequence is that a port that one scenario declares
// is also open in later scenarios, so a scenario about a wrong port must use one that no other declares.
//
// The chart does not say which paths an image answers, because a wrong path in a probe would then pass too. The suite
// says it (Options.HealthPaths), and a probe of another path fails.
//
// The program is also linked to the path of each command, exec probe and lifecycle hook that a container names. It runs
// as user 65532 unless the pod sets another.
//
// # Limits
//
// Commands on a volume, UDP, SCTP, TLS and shared process namespaces are not supported. A stand-in for an image with a
// digest has that name, but another digest.
package standin

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Nodes are the nodes of a cluster that images can be loaded onto.
type Nodes interface {
	// Images returns the digests of the images that every node has, by full name (docker.io/library/redis:7).
	Images(ctx context.Context) (map[string]string, error)
	// LoadImageArchive loads the images of an archive, an OCI layout in a tar file, onto every node. The archive names
	// them.
	LoadImageArchive(ctx context.Context, path string) error
	// RemoveImages removes image names from every node.
	RemoveImages(ctx context.Context, names ...string) error
}

// Options configure which images are replaced, and how stand-ins behave.
type Options struct {
	// Arch returns the architecture of the nodes as a GOARCH value. It is called once, when the first stand-in is built.
	// If it is nil, the nodes have the architecture of this process.
	Arch func(context.Context) (string, error)
	// RealImages are globs of repositories (redis, quay.io/*/redis) that are not replaced.
	RealImages []string
	// HealthPaths are the paths that stand-ins answer with 200.
	HealthPaths []string
	// Progress receives a line about each operation that takes long. If it is nil, they are dropped.
	Progress io.Writer
}

// DefaultRealImages are images whose protocol a stand-in does not speak.
var DefaultRealImages = []string{"redis"}

// DefaultHealthPaths are the root and the common paths of health checks.
var DefaultHealthPaths = []string{"/", "/health", "/healthz", "/live", "/livez", "/ready", "/readyz"}

// Images are the images on the nodes of one cluster. It is safe for concurrent use.
type Images struct {
	nodes   Nodes
	options Options
	engine  engine

	mu      sync.Mutex
	arch    string
	program v1.Layer          // nil until the first stand-in is built
	present map[string]string // images that the nodes had before any run, as in Nodes.Images; nil until needed
	used    map[string]*image // by full name
	loaded  map[string]bool   // digests of the images that this run has loaded
}

// New returns the images of a cluster with these nodes. It does not access the nodes yet.
func New(nodes Nodes, options Options) *Images {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	return &Images{
		nodes: nodes, options: options, engine: docker,
		used: map[string]*image{}, loaded: map[string]bool{},
	}
}

// Prepare loads the images of the containers in objects onto the nodes. It changes one field of the objects: a
// container whose image was loaded, and whose pull policy is Always, explicitly or because its tag is latest, gets
// IfNotPresent, because no registry has the image.
func (i *Images) Prepare(ctx context.Context, objects []*unstructured.Unstructured) error {
	var found []container
	for _, object := range objects {
		found = append(found, containersOf(object)...)
	}
	if len(found) == 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.load(ctx, found); err != nil {
		return fmt.Errorf("load images onto the nodes: %w", err)
	}
	for _, c := range found {
		if known, ok := i.used[c.image.full]; ok && known.loaded && c.pullsAlways() {
			c.fields["imagePullPolicy"] = "IfNotPresent"
		}
	}
	return nil
}

// Usage describes an image that containers of this run have named.
type Usage struct {
	Image      string   // as the chart writes it
	Source     string   // what the containers ran, such as "stand-in", for a report
	StandIn    bool     // whether the image was replaced
	Ports      []int32  // of a stand-in, ascending
	Containers []string // that named the image, such as "deployment/web, container nginx", ascending
}

// Used returns the images that containers of this run have named, by full name.
func (i *Images) Used() []Usage {
	i.mu.Lock()
	defer i.mu.Unlock()
	var usages []Usage
	for _, full := range slices.Sorted(maps.Keys(i.used)) {
		known := i.used[full]
		usages = append(usages, Usage{
			Image:      known.reference.familiar,
			Source:     known.source,
			StandIn:    known.standIn,
			Ports:      known.contract.Of("").Ports,
			Containers: slices.Sorted(maps.Keys(known.containers)),
		})
	}
	return usages
}

// IsStandIn reports whether containers of this image run a stand-in.
func (i *Images) IsStandIn(image string) bool {
	named, ok := parse(image)
	if !ok {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	known, ok := i.used[named.full]
	return ok && known.standIn
}

// Remove removes the images that this run has loaded, and those that stand-ins of earlier runs left without a name.
// Pods that run keep their image until they end.
func (i *Images) Remove(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.loaded) == 0 {
		return nil
	}
	present, err := i.nodes.Images(ctx)
	if err == nil {
		unnamed := unnamedOurs(present)
		maps.DeleteFunc(present, func(_, digest string) bool { return !i.loaded[digest] && !unnamed[digest] })
		err = i.nodes.RemoveImages(ctx, slices.Sorted(maps.Keys(present))...)
	}
	if err != nil {
		return fmt.Errorf("remove the images that this run loaded: %w", err)
	}
	return nil
}
