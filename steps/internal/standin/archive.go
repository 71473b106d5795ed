package standin

import (
	"archive/tar"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// nameAnnotation is the annotation of an archive's manifest from which containerd takes the full name of an image.
const nameAnnotation = "io.containerd.image.name"

// writeArchive writes images, by name, as an OCI layout into the tar file at path. Shared layers are written once.
func writeArchive(path string, images map[string]v1.Image) (err error) {
	folder, err := os.MkdirTemp("", "images-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it is a temporary folder
	oci, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	for name, image := range images {
		annotation := layout.WithAnnotations(map[string]string{nameAnnotation: name})
		if err := oci.AppendImage(image, annotation); err != nil {
			return err
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	files := tar.NewWriter(file)
	if err := files.AddFS(os.DirFS(folder)); err != nil {
		return err
	}
	return files.Close()
}

// readArchive returns the only image of an archive that `docker save` wrote.
func readArchive(path string) (v1.Image, error) { return tarball.ImageFromPath(path, nil) }
