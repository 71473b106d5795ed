// Command generate writes schemas.txt.gz of package kubeschema: what Kubernetes publishes about its API, cut down to what it
// takes to check an object, for the minors of [kubernetes] in one store.
//
//	go generate ./lint/kubeschema
//
// It reads the modules' sources, which the go command fetches and verifies. To move on by a minor: edit [kubernetes] (and
// [apis], if a version in it is no longer the newest), run it, commit what it wrote. The same modules give the same bytes.
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

// kubernetes are the versions whose OpenAPI is in the store: the last four minors, oldest first, each at its newest patch.
var kubernetes = []string{"v1.34.4", "v1.35.4", "v1.36.3", "v1.37.2"}

// apis are the modules that say when an API was introduced, deprecated and removed, and what replaces it. Of two that know an
// API, the first is believed: the old ones are for APIs that the newest has forgotten.
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
	lives := lifecycles{}
	for _, m := range apis {
		folder, err := fetch(&text, m)
		if err != nil {
			return err
		}
		if err := lives.read(folder); err != nil {
			return fmt.Errorf("read the life of the APIs of %s %s: %w", m.path, m.version, err)
		}
	}
	lives.write(&text)
	types.write(&text)
	return writeCompressed(out, text.Bytes())
}

// fetch downloads a module, notes it with its checksum as one that the store is made from, and returns its folder.
func fetch(text io.Writer, m module) (string, error) {
	var downloaded struct{ Dir, Sum, Error string }
	command := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	command.Dir = os.TempDir() // outside of any module, whose go.sum is no business of ours
	printed, err := command.Output()
	if err := errors.Join(err, json.Unmarshal(printed, &downloaded)); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, downloaded.Error)
	}
	fmt.Fprintf(text, "module %s %s %s\n", m.path, m.version, downloaded.Sum)
	return downloaded.Dir, nil
}

// writeCompressed leaves a file alone that has this content already: another Go release may compress it to other bytes.
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
