// Package standin gives the nodes of a cluster the images that the containers of a scenario name, so that pods start where no registry has them.
//
// An image that a node does not have gets a stand-in: an image of that name whose only program is the one in the folder standin of this repository. No
// registry and no Dockerfile is needed. These images are left alone:
//
//   - those that the nodes have already;
//   - those whose registry is under the reserved domain .invalid, which cannot be pulled anywhere, and are not to be;
//   - those that the user keeps real (Options.Real). They are loaded from the local Docker engine, which pulls them if it can. Where it cannot, another tag of the
//     same repository that the engine has takes the place, and Used says so.
//
// # What a stand-in knows
//
// One image serves many containers, in scenarios side by side: a node has one image of a name. So its contract (see the package standin/contract) holds, by the name of the
// container, the ports that any container of this image declared in this run, and only grows: an image is loaded anew, before the objects are sent, when a container declares
// what it did not know yet. Pods that run keep the image that they started with. A port that one scenario declares is, from then on, one that the image listens on
// in the next: a scenario about a wrong port takes one that no other declares.
//
// What a path answers cannot be known from the chart: the probe that names it may be the one that is wrong. It is the suite's to say (Options.Paths); a probe of any other
// path fails.
//
// A container's own command is found: the image has the stand-in under the first word of each command, exec probe and lifecycle hook that was rendered. It runs as user 65532 unless the pod
// says otherwise. Not possible are commands that are files on a volume, UDP and SCTP, TLS, and containers that share the pod's process namespace; an image by digest has
// the name, but not the digest.
package standin

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// Nodes are where images go.
type Nodes interface {
	// Images are those that every node has: their digests, by their names in full (docker.io/library/redis:7).
	Images(ctx context.Context) (map[string]string, error)
	// LoadImageArchive puts the images of an archive, an OCI layout in a tar file, onto every node, under the names that it gives them.
	LoadImageArchive(ctx context.Context, path string) error
	// RemoveImages takes names of images away from every node.
	RemoveImages(ctx context.Context, names ...string) error
}

// Options say how images are made and which are not.
type Options struct {
	// Arch returns the nodes' architecture as Go calls it, such as amd64. It is asked once, when the first stand-in is needed; nil means that of this process.
	Arch func(context.Context) (string, error)
	// Real are globs of repositories as people write them (redis, quay.io/*/redis) that get no stand-in.
	Real []string
	// Paths are those that stand-ins answer with 200.
	Paths []string
	// Progress is told what takes longer than a moment; nil means that nobody is.
	Progress io.Writer
}

// DefaultReal is what no stand-in can play.
var DefaultReal = []string{"redis"}

// DefaultPaths are those by which services commonly tell their health, and their root.
var DefaultPaths = []string{"/", "/health", "/healthz", "/live", "/livez", "/ready", "/readyz"}

// Images are the images of one cluster. They are safe for concurrent use.
type Images struct {
	nodes   Nodes
	options Options
	engine  engine

	mu      sync.Mutex
	arch    string
	program v1.Layer // nil until it is needed
	held    map[string]string
	used    map[string]*image // by the name in full
	loaded  map[string]bool   // digests of what this run loaded
}

// image is what this run knows of an image.
type image struct {
	reference reference
	contract  contract.Contract
	links     []string // absolute paths at which the program lies, ascending
	loaded    bool     // by this run, as it is described here
	standIn   bool
	what      string // says Used
	by        map[string]bool
}

// New returns the images of a cluster with these nodes. It asks them nothing yet.
func New(nodes Nodes, options Options) *Images {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	return &Images{nodes: nodes, options: options, engine: docker, used: map[string]*image{}, loaded: map[string]bool{}}
}

// Prepare sees to it that the nodes have what the containers in objects need, and returns when they do. Of the objects it changes one field: a container whose
// image this run has loaded, and which the API server would have pulled always (because it says so, or because the tag is latest), gets imagePullPolicy IfNotPresent, as no
// registry has the image. Its error says which image cannot be had, and why.
func (i *Images) Prepare(ctx context.Context, objects []*unstructured.Unstructured) error {
	var found []container
	for _, object := range objects {
		found = append(found, containers(object)...)
	}
	if len(found) == 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.load(ctx, found); err != nil {
		return fmt.Errorf("give the nodes their images: %w", err)
	}
	for _, c := range found {
		if known, ok := i.used[c.image.full]; ok && known.loaded && c.pullsAlways() {
			c.fields["imagePullPolicy"] = "IfNotPresent"
		}
	}
	return nil
}

// load loads what the containers need and the nodes do not have.
func (i *Images) load(ctx context.Context, found []container) error {
	if i.held == nil {
		held, err := i.nodes.Images(ctx)
		if err != nil {
			return err
		}
		i.held = withoutOurs(held)
	}
	var wanted []*image
	for _, c := range found {
		known, ok := i.used[c.image.full]
		if !ok {
			known = &image{reference: c.image, contract: contract.Contract{Paths: i.options.Paths}, by: map[string]bool{}}
			if err := i.decide(ctx, known); err != nil {
				return err
			}
			i.used[c.image.full] = known
		}
		known.by[c.about] = true
		if known.standIn && known.learn(c) && !slices.Contains(wanted, known) {
			wanted = append(wanted, known)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return i.loadStandIns(ctx, wanted)
}

// decide says what becomes of an image that a container names for the first time, and loads it where it is kept real.
func (i *Images) decide(ctx context.Context, known *image) error {
	switch {
	case known.reference.unreachable():
		known.what = "none: .invalid cannot be pulled"
	case known.reference.matches(i.options.Real):
		return i.keepReal(ctx, known)
	case i.held[known.reference.full] != "":
		known.what = "the nodes have it"
	default:
		known.standIn = true
		known.what = "stand-in"
	}
	return nil
}

// keepReal loads an image from the Docker engine, or leaves it to the nodes to pull.
func (i *Images) keepReal(ctx context.Context, known *image) error {
	if i.held[known.reference.full] != "" {
		known.what = "real: the nodes have it"
		return nil
	}
	source, why := i.engine.find(ctx, known.reference)
	switch source {
	case "":
		known.what = "real: left to the nodes to pull (" + why + ")"
		return nil
	case known.reference.familiar:
		known.what = "real: from the Docker engine"
	default:
		known.what = fmt.Sprintf("real: %s in its place (%s)", source, why)
	}
	fmt.Fprintf(i.options.Progress, "image %s: %s\n", known.reference.familiar, known.what)
	path, err := temporary("image-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(path) //nolint:errcheck // it is in a folder for temporary files
	if err := i.engine.save(ctx, source, path); err != nil {
		return err
	}
	saved, err := readArchive(path)
	if err != nil {
		return fmt.Errorf("read what docker saved of %s: %w", source, err)
	}
	known.loaded = true
	return i.loadArchive(ctx, map[string]v1.Image{known.reference.full: saved})
}

// learn notes how c uses the image, and says whether that is news.
func (known *image) learn(c container) bool {
	before := known.contract.String() + strings.Join(known.links, " ")
	known.contract = known.contract.With(c.name, c.use)
	links := slices.Concat(known.links, c.commands)
	slices.Sort(links)
	known.links = slices.Compact(links)
	return !known.loaded || before != known.contract.String()+strings.Join(known.links, " ")
}

// loadStandIns builds the stand-ins of these images and loads them.
func (i *Images) loadStandIns(ctx context.Context, wanted []*image) error {
	if err := i.ensureProgram(ctx); err != nil {
		return fmt.Errorf("build the stand-in: %w", err)
	}
	archive := map[string]v1.Image{}
	for _, known := range wanted {
		built, err := build(i.program, i.arch, known.contract, known.links)
		if err != nil {
			return fmt.Errorf("build the stand-in of %s: %w", known.reference.familiar, err)
		}
		archive[known.reference.full] = built
	}
	if err := i.loadArchive(ctx, archive); err != nil {
		return err
	}
	for _, known := range wanted {
		known.loaded = true
	}
	return nil
}

// ensureProgram makes the layer that all stand-ins share.
func (i *Images) ensureProgram(ctx context.Context) (err error) {
	if i.program != nil {
		return nil
	}
	if i.arch = runtime.GOARCH; i.options.Arch != nil {
		if i.arch, err = i.options.Arch(ctx); err != nil {
			return err
		}
	}
	i.program, err = programLayer(ctx, i.arch, i.options.Progress)
	return err
}

// loadArchive loads images under their names, and marks each as this suite's.
func (i *Images) loadArchive(ctx context.Context, images map[string]v1.Image) error {
	path, err := temporary("images-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(path) //nolint:errcheck // it is in a folder for temporary files
	archive := maps.Clone(images)
	for _, one := range images {
		digest, err := one.Digest()
		if err != nil {
			return err
		}
		archive[mark(digest)] = one
		i.loaded[digest.String()] = true
	}
	if err := writeArchive(path, archive); err != nil {
		return err
	}
	return i.nodes.LoadImageArchive(ctx, path)
}

// temporary makes an empty file.
func temporary(pattern string) (string, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// Use is an image that containers of this run named.
type Use struct {
	// Image is its name as people write it.
	Image string
	// Is says what the containers ran: a stand-in, the real image, or what else.
	Is string
	// StandIn says whether it was a stand-in.
	StandIn bool
	// Serves are the ports of a stand-in, ascending.
	Serves []int32
	// By are the containers, as "deployment/web, container nginx", ascending.
	By []string
}

// Used are the images that containers of this run named, by name.
func (i *Images) Used() []Use {
	i.mu.Lock()
	defer i.mu.Unlock()
	var uses []Use
	for _, full := range slices.Sorted(maps.Keys(i.used)) {
		known := i.used[full]
		uses = append(uses, Use{
			Image: known.reference.familiar, Is: known.what, StandIn: known.standIn,
			Serves: known.contract.Of("").Ports, By: slices.Sorted(maps.Keys(known.by)),
		})
	}
	return uses
}

// StandsFor says whether containers of this image run a stand-in.
func (i *Images) StandsFor(image string) bool {
	r, ok := parse(image)
	if !ok {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	known, ok := i.used[r.full]
	return ok && known.standIn
}

// Remove takes away from the nodes what this run loaded, and what it has replaced of earlier ones. Pods that run keep it until they end.
func (i *Images) Remove(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.loaded) == 0 {
		return nil
	}
	held, err := i.nodes.Images(ctx)
	if err == nil {
		left := leftovers(held)
		maps.DeleteFunc(held, func(_, digest string) bool { return !i.loaded[digest] && !left[digest] })
		err = i.nodes.RemoveImages(ctx, slices.Sorted(maps.Keys(held))...)
	}
	if err != nil {
		return fmt.Errorf("take away the images that were loaded: %w", err)
	}
	return nil
}
