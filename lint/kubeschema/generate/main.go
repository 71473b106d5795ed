// Command generate writes schemas.txt.gz of package kubeschema: the published API of several Kubernetes versions,
// reduced to what is needed to check objects.
//
//	go generate ./lint/kubeschema
//
// It reads the sources of Go modules, which the go command downloads and verifies. To add a minor version, edit
// [kubernetes] and the newest versions in [apis], run the command, and commit the file. The same modules give the same
// bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// kubernetes lists the versions whose OpenAPI is in the store: the newest patch of the last four minor versions, oldest
// first.
var kubernetes = []string{"v1.34.4", "v1.35.4", "v1.36.3", "v1.37.2"}

// apis lists the modules that say when an API was deprecated and removed, and what replaces it. The first module that
// knows an API decides. The old modules are for APIs that the newest no longer contain.
var apis = []module{
	{"k8s.io/api", "v0.37.2"},
	{"k8s.io/apiextensions-apiserver", "v0.37.2"},
	{"k8s.io/kube-aggregator", "v0.37.2"},
	{"k8s.io/api", "v0.34.4"},
	{"k8s.io/api", "v0.28.3"},
	{"k8s.io/api", "v0.22.5"},
}

// module is a Go module at a version.
type module struct{ path, version string }

func main() {
	out := flag.String("o", "schemas.txt.gz", "`file` to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}

func generate(out string) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "kubernetes %s\n", strings.Join(kubernetes, " "))

	types := store{}
	for i, version := range kubernetes {
		folder, err := fetch(&text, module{"k8s.io/kubernetes", version})
		if err != nil {
			return err
		}
		if err := types.read(folder, 1<<i); err != nil {
			return fmt.Errorf("read the OpenAPI of Kubernetes %s: %w", version, err)
		}
	}
	apiLifecycles := lifecycles{}
	for _, m := range apis {
		folder, err := fetch(&text, m)
		if err != nil {
			return err
		}
		if err := apiLifecycles.read(folder); err != nil {
			return fmt.Errorf("read the API lifecycles of %s %s: %w", m.path, m.version, err)
		}
	}
	apiLifecycles.write(&text)
	types.write(&text)
	return writeCompressed(out, text.Bytes())
}

// fetch downloads a module, writes it with its checksum to the store, and returns its folder.
func fetch(text io.Writer, m module) (string, error) {
	var downloaded struct{ Dir, Sum, Error string }
	command := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	command.Dir = os.TempDir() // outside any module, so that no go.sum changes
	printed, err := command.Output()
	if err := errors.Join(err, json.Unmarshal(printed, &downloaded)); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, downloaded.Error)
	}
	fmt.Fprintf(text, "module %s %s %s\n", m.path, m.version, downloaded.Sum)
	return downloaded.Dir, nil
}

// writeCompressed writes a compressed text to a file. It keeps a file that has the same content, because Go releases
// may differ in the bytes that they compress it to.
func writeCompressed(out string, text []byte) error {
	if old, err := os.ReadFile(out); err == nil {
		if r, err := gzip.NewReader(bytes.NewReader(old)); err == nil {
			if content, err := io.ReadAll(r); err == nil && bytes.Equal(content, text) {
				return nil
			}
		}
	}
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, compressed.Bytes(), 0o644)
}
