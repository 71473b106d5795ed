// Package charttest makes charts for tests, with Helm's own code.
package charttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
)

// Create writes Helm's starter chart, the one of `helm create`, to a new folder of the given name in parent. It returns
// the path of the chart.
func Create(name, parent string) (string, error) { return chartutil.Create(name, parent) }

// HelmLint lints the chart at path with a values file, or with its default values if that is empty, as `helm lint
// --strict` does. It returns the number of messages.
func HelmLint(path, valuesFile string) int {
	values := chartutil.Values{}
	if valuesFile != "" {
		read, err := chartutil.ReadValuesFile(valuesFile)
		if err != nil {
			return 1
		}
		values = read
	}
	const strict = true
	return len(lint.All(path, values, "default", strict).Messages)
}

// Package packs the chart at path into an archive in the folder parent, as `helm package` does. It returns the path of
// the archive.
func Package(path, parent string) (string, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return "", fmt.Errorf("package chart %s: %w", path, err)
	}
	return chartutil.Save(loaded, parent)
}

// Write writes a chart, given as a txtar archive of its files, to a temporary folder named app and returns the folder.
func Write(tb testing.TB, archive string) string {
	tb.Helper()
	files := map[string]string{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		files[f.Name] = string(f.Data)
	}
	return WriteFiles(tb, files)
}

// WriteFiles writes a chart, given as the contents of its files by their slash-separated paths, to a temporary folder
// named app and returns the folder.
func WriteFiles(tb testing.TB, files map[string]string) string {
	tb.Helper()
	folder := filepath.Join(tb.TempDir(), "app")
	for name, content := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return folder
}
