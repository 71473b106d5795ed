package standin

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/traderadmin/charts/internal/gobuild"
	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

const (
	// searched is the PATH of a stand-in's container.
	searched = "/bin"
	// nobody is the user of an image that says no other: not root, so that runAsNonRoot admits it.
	nobody = "65532:65532"
	// marks is the repository of which each image that this suite loads also has a name, so that a later run on the same nodes does not take it for
	// what its user put there. It is under .invalid, so that nothing pulls it.
	marks = "standin.invalid/image"
)

// programLayer is the stand-in as a layer, compiled for Linux on arch where that was not done before.
func programLayer(ctx context.Context, arch string, progress io.Writer) (v1.Layer, error) {
	_, file, _, _ := runtime.Caller(0)
	module := gobuild.Module{
		Folder:       filepath.Join(filepath.Dir(file), "program"),
		Name:         "standin",
		Title:        "stand-in",
		Announcement: "the stand-in for images that no registry has is built, once",
		Again:        "run again",
		Flags:        []string{"-ldflags=-s -w", "-trimpath"},
		Env:          []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"},
	}
	binary, err := module.Build(ctx, progress)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	return layer(func(files *tar.Writer) error {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(contract.Program, "/"), Mode: 0o755, Size: int64(len(content))}
		if err := files.WriteHeader(header); err != nil {
			return err
		}
		_, err := files.Write(content)
		return err
	})
}

// layer is what write writes. It is the same bytes for the same files: their times are zero.
func layer(write func(*tar.Writer) error) (v1.Layer, error) {
	var buffer bytes.Buffer
	files := tar.NewWriter(&buffer)
	if err := write(files); err != nil {
		return nil, err
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	// What goes no further than the next container is not worth compressing.
	return static.NewLayer(buffer.Bytes(), types.OCIUncompressedLayer), nil
}

// build returns the stand-in that keeps agreed and whose program also lies at links.
func build(program v1.Layer, arch string, agreed contract.Contract, links []string) (v1.Image, error) {
	symbolic, err := layer(func(files *tar.Writer) error {
		for _, link := range links {
			header := &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(link, "/"), Linkname: contract.Program, Mode: 0o777}
			if err := files.WriteHeader(header); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	exposed := map[string]struct{}{}
	for _, port := range agreed.Of("").Ports {
		exposed[strconv.Itoa(int(port))+"/tcp"] = struct{}{}
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	configured, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS: "linux", Architecture: arch,
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint:   []string{contract.Program, "serve"},
			Env:          []string{"PATH=" + searched, contract.Variable + "=" + agreed.String()},
			ExposedPorts: exposed,
			User:         nobody,
			WorkingDir:   "/",
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(configured, program, symbolic)
}

// mark is the name that an image which this suite loaded has besides that under which pods find it.
func mark(digest v1.Hash) string { return marks + ":" + digest.Hex[:12] }

func isMark(name string) bool { return strings.HasPrefix(name, marks+":") }

// withoutOurs is held without what this suite loaded, in this run or another.
func withoutOurs(held map[string]string) map[string]string {
	ours := map[string]bool{}
	for name, digest := range held {
		ours[digest] = ours[digest] || isMark(name)
	}
	others := map[string]string{}
	for name, digest := range held {
		if !ours[digest] {
			others[name] = digest
		}
	}
	return others
}

// leftovers are the digests of images that this suite loaded and that no pod can name any more.
func leftovers(held map[string]string) map[string]bool {
	left := map[string]bool{}
	for name, digest := range held {
		if isMark(name) {
			left[digest] = true
		}
	}
	for name, digest := range held {
		if _, isDigest := strings.CutPrefix(name, "sha256:"); !isDigest && !isMark(name) && !strings.HasPrefix(name, "import-") {
			delete(left, digest) // but not by the names that containerd gives each image
		}
	}
	return left
}

// named is the annotation by which containerd takes the whole name of an image out of an archive.
const named = "io.containerd.image.name"

// writeArchive writes images, by their names, as an OCI layout into the tar file at path. A blob that several have is in it once.
func writeArchive(path string, images map[string]v1.Image) (err error) {
	folder, err := os.MkdirTemp("", "images-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it is a folder for temporary files
	oci, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	for name, built := range images {
		if err := oci.AppendImage(built, layout.WithAnnotations(map[string]string{named: name})); err != nil {
			return err
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	files := tar.NewWriter(file)
	if err := files.AddFS(os.DirFS(folder)); err != nil {
		return err
	}
	return files.Close()
}

// readArchive is the one image of an archive that `docker save` wrote.
func readArchive(path string) (v1.Image, error) { return tarball.ImageFromPath(path, nil) }
