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
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/traderadmin/charts/internal/gobuild"
	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

const (
	// commandPath is the PATH in the container of a stand-in.
	commandPath = "/bin"
	// defaultUser is not root, so that a pod with runAsNonRoot is admitted.
	defaultUser = "65532:65532"
)

// programLayer returns a layer that contains the program for Linux on arch. It compiles the program if that has not
// been done before.
func programLayer(ctx context.Context, arch string, progress io.Writer) (v1.Layer, error) {
	_, file, _, _ := runtime.Caller(0)
	module := gobuild.Module{
		Dir:          filepath.Join(filepath.Dir(file), "program"),
		Name:         "standin",
		Title:        "stand-in",
		Announcement: "building the stand-in for images that no registry has; this happens once",
		Retry:        "run again",
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
	header := tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(contract.Program, "/"), Mode: 0o755, Size: int64(len(content)),
	}
	return layer(func(files *tar.Writer) error {
		if err := files.WriteHeader(&header); err != nil {
			return err
		}
		_, err := files.Write(content)
		return err
	})
}

// linksLayer returns a layer that contains symbolic links to the program at these absolute paths.
func linksLayer(links []string) (v1.Layer, error) {
	return layer(func(files *tar.Writer) error {
		for _, link := range links {
			header := &tar.Header{
				Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(link, "/"), Linkname: contract.Program, Mode: 0o777,
			}
			if err := files.WriteHeader(header); err != nil {
				return err
			}
		}
		return nil
	})
}

// layer returns a layer with the files that write writes. It is reproducible, because files have no times. It is not
// compressed, because it only goes to containers on this machine.
func layer(write func(*tar.Writer) error) (v1.Layer, error) {
	var buffer bytes.Buffer
	files := tar.NewWriter(&buffer)
	if err := write(files); err != nil {
		return nil, err
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	return static.NewLayer(buffer.Bytes(), types.OCIUncompressedLayer), nil
}

// buildImage returns a stand-in with a contract, whose program is also linked to the paths in links.
func buildImage(program v1.Layer, arch string, agreed contract.Contract, links []string) (v1.Image, error) {
	linked, err := linksLayer(links)
	if err != nil {
		return nil, err
	}
	exposed := map[string]struct{}{}
	for _, port := range agreed.Of("").Ports {
		exposed[strconv.Itoa(int(port))+"/tcp"] = struct{}{}
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	configured, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS:           "linux",
		Architecture: arch,
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint:   []string{contract.Program, "serve"},
			Env:          []string{"PATH=" + commandPath, contract.Variable + "=" + agreed.String()},
			ExposedPorts: exposed,
			User:         defaultUser,
			WorkingDir:   "/",
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(configured, program, linked)
}
