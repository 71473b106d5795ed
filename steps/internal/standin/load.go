package standin

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// image is the state of an image that a container has named.
type image struct {
	reference  reference
	contract   contract.Contract
	links      []string // absolute paths that are linked to the program, ascending
	loaded     bool     // whether the nodes have it as described here, from this run
	standIn    bool
	source     string // see Usage.Source
	containers map[string]bool
}

// load loads the images that containers need and the nodes do not have.
func (i *Images) load(ctx context.Context, found []container) error {
	if i.present == nil {
		present, err := i.nodes.Images(ctx)
		if err != nil {
			return err
		}
		i.present = withoutOurs(present)
	}
	var outdated []*image
	for _, c := range found {
		known, err := i.lookUp(ctx, c.image)
		if err != nil {
			return err
		}
		known.containers[c.description] = true
		if known.standIn && known.learn(c) && !slices.Contains(outdated, known) {
			outdated = append(outdated, known)
		}
	}
	if len(outdated) == 0 {
		return nil
	}
	return i.loadStandIns(ctx, outdated)
}

// lookUp returns the state of an image. If the image is new and real, it loads it.
func (i *Images) lookUp(ctx context.Context, named reference) (*image, error) {
	if known, ok := i.used[named.full]; ok {
		return known, nil
	}
	known := &image{
		reference:  named,
		contract:   contract.Contract{Paths: i.options.HealthPaths},
		containers: map[string]bool{},
	}
	switch {
	case named.hasInvalidDomain():
		known.source = "none: .invalid cannot be pulled"
	case named.matches(i.options.RealImages):
		if err := i.loadReal(ctx, known); err != nil {
			return nil, err
		}
	case i.present[named.full] != "":
		known.source = "image on the nodes"
	default:
		known.source, known.standIn = "stand-in", true
	}
	i.used[named.full] = known
	return known, nil
}

// loadReal loads an image from the Docker engine, or leaves it to the nodes to pull.
func (i *Images) loadReal(ctx context.Context, known *image) error {
	ref := known.reference
	if i.present[ref.full] != "" {
		known.source = "real: image on the nodes"
		return nil
	}
	found, pullErr := i.engine.find(ctx, ref)
	switch found {
	case "":
		known.source = fmt.Sprintf("real: pulled by the nodes (Docker engine: %v)", pullErr)
		return nil
	case ref.familiar:
		known.source = "real: from the Docker engine"
	default:
		known.source = fmt.Sprintf("real: replaced by %s from the Docker engine (%v)", found, pullErr)
	}
	fmt.Fprintf(i.options.Progress, "image %s: %s\n", ref.familiar, known.source)
	path, err := createTemp("image-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(path) //nolint:errcheck // it is a temporary file
	if err := i.engine.save(ctx, found, path); err != nil {
		return err
	}
	saved, err := readArchive(path)
	if err != nil {
		return fmt.Errorf("read the archive that docker save wrote of %s: %w", found, err)
	}
	known.loaded = true
	return i.loadArchive(ctx, map[string]v1.Image{ref.full: saved})
}

// learn adds the needs of a container to the stand-in, and reports whether the stand-in must be loaded again.
func (known *image) learn(c container) bool {
	before := known.fingerprint()
	known.contract = known.contract.With(c.name, c.use)
	links := slices.Concat(known.links, c.commands)
	slices.Sort(links)
	known.links = slices.Compact(links)
	return !known.loaded || before != known.fingerprint()
}

// fingerprint differs for stand-ins with different content.
func (known *image) fingerprint() string {
	return known.contract.String() + strings.Join(known.links, " ")
}

func (i *Images) loadStandIns(ctx context.Context, standIns []*image) error {
	if err := i.ensureProgram(ctx); err != nil {
		return fmt.Errorf("build the stand-in: %w", err)
	}
	archive := map[string]v1.Image{}
	for _, known := range standIns {
		built, err := buildImage(i.program, i.arch, known.contract, known.links)
		if err != nil {
			return fmt.Errorf("build the stand-in for %s: %w", known.reference.familiar, err)
		}
		archive[known.reference.full] = built
	}
	if err := i.loadArchive(ctx, archive); err != nil {
		return err
	}
	for _, known := range standIns {
		known.loaded = true
	}
	return nil
}

// ensureProgram builds the layer that all stand-ins share.
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

// loadArchive loads images under their names and their marks.
func (i *Images) loadArchive(ctx context.Context, images map[string]v1.Image) error {
	path, err := createTemp("images-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(path) //nolint:errcheck // it is a temporary file
	archive := maps.Clone(images)
	for _, image := range images {
		digest, err := image.Digest()
		if err != nil {
			return err
		}
		archive[mark(digest)] = image
		i.loaded[digest.String()] = true
	}
	if err := writeArchive(path, archive); err != nil {
		return err
	}
	return i.nodes.LoadImageArchive(ctx, path)
}

// createTemp creates an empty temporary file.
func createTemp(pattern string) (string, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}
