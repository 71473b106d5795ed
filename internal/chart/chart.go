// Package chart reads a Helm chart the way Helm does and remembers where everything came from.
//
// [Load] reads a folder or an archive. [Chart.Render] renders it for one [Variant] with Helm's own engine and splits the
// result into [Object]s, whose values know the template line that printed them. [Rendered.Violations] holds the values
// against the schemas. Whatever is wrong with a chart that could be loaded is data in the result, not an error: one pass
// finds all of it.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

const metadataFile = "Chart.yaml"

// Chart is a loaded chart with the charts in its charts/ folder. It is safe for concurrent use.
type Chart struct {
	path    string
	helm    *helmchart.Chart
	folders map[*helmchart.File]string // of each chart in the tree, by its Chart.yaml

	memo

	mu                sync.Mutex
	documents         map[string]*yaml.Node // parsed YAML files, by path in the chart
	namesCapabilities *bool                 // nil until it is asked for
}

// Load reads the chart at path, a folder or a .tgz, with Helm's loader and its limits on sizes and paths. An error means
// that Helm could not load it either, or would not come to an end, and names path.
func Load(path string) (*Chart, error) {
	helm, err := loadHelm(path)
	if err != nil {
		return nil, fmt.Errorf("load chart %s: %w", path, err)
	}
	return newChart(path, helm), nil
}

func loadHelm(path string) (helm *helmchart.Chart, err error) {
	defer recoverHelm(&err)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such folder or archive")
	case err != nil:
		return nil, err
	case info.IsDir():
		files, err := readFolder(path)
		if err != nil {
			return nil, err
		}
		return loader.LoadFiles(files)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("it is %s, neither a folder nor an archive", describeMode(info.Mode()))
	}
	return loader.LoadFile(path)
}

// recoverHelm turns a panic of Helm's SDK, which takes some charts for granted, into an error.
func recoverHelm(err *error) {
	if failure := recover(); failure != nil {
		*err = fmt.Errorf("it makes Helm itself fail: %v", failure)
	}
}

func newChart(path string, helm *helmchart.Chart) *Chart {
	c := &Chart{
		path:      filepath.Clean(path),
		helm:      helm,
		folders:   map[*helmchart.File]string{},
		documents: map[string]*yaml.Node{},
	}
	c.locate(helm, "")
	return c
}

// Path is the path that the chart was loaded from.
func (c *Chart) Path() string { return c.path }

// Name is the chart's name, from its Chart.yaml.
func (c *Chart) Name() string { return c.helm.Name() }

// Version is the chart's version, from its Chart.yaml.
func (c *Chart) Version() string { return c.helm.Metadata.Version }

// IsLibrary says whether the chart only lends templates to others and installs nothing itself.
func (c *Chart) IsLibrary() bool { return isLibrary(c.helm) }

// HasSchema says whether the chart itself has a values.schema.json.
func (c *Chart) HasSchema() bool { return c.helm.Schema != nil }

// ValuesFile is the chart's values.yaml, or its Chart.yaml if it has no values.
func (c *Chart) ValuesFile() Position {
	if rawFile(c.helm, ValuesYAML) == nil {
		return c.file(metadataFile)
	}
	return c.file(ValuesYAML)
}

// MetadataPosition is the place in Chart.yaml of the key at a path of keys; of a list's items, by number.
func (c *Chart) MetadataPosition(keys ...string) Position {
	return c.keyPosition(metadataFile, keys...)
}

// keyPosition is the place of a key in a YAML file of the chart, or the file as a whole if the key is not there.
func (c *Chart) keyPosition(name string, keys ...string) Position {
	at := c.file(name)
	var key *yaml.Node
	node := c.document(name, rawFile(c.helm, name))
	for _, step := range keys {
		key, node = Child(node, step)
		if node == nil {
			return at
		}
	}
	if key == nil {
		key = node
	}
	if key != nil {
		at.Line, at.Column = key.Line, key.Column
	}
	return at
}

// dependenciesFile lists the dependencies of a chart of apiVersion v1.
const dependenciesFile = "requirements.yaml"

// MissingDependencies are the dependencies that the chart lists and that its charts/ folder lacks, each with its place.
func (c *Chart) MissingDependencies() []Failure {
	present := map[string]bool{}
	for _, dependency := range c.helm.Dependencies() {
		present[dependency.Name()] = true
	}
	listed := metadataFile
	if rawFile(c.helm, dependenciesFile) != nil {
		listed = dependenciesFile
	}
	var missing []Failure
	for i, dependency := range c.helm.Metadata.Dependencies {
		if dependency != nil && !present[dependency.Name] {
			missing = append(missing, Failure{
				Position: c.keyPosition(listed, "dependencies", strconv.Itoa(i), "name"),
				Message:  fmt.Sprintf("the chart depends on %s %s, which is not in its charts folder", dependency.Name, dependency.Version),
			})
		}
	}
	return missing
}

// file is the position of a file as a whole, given its slash-separated path in the chart.
func (c *Chart) file(name string) Position {
	return Position{File: filepath.Join(c.path, filepath.FromSlash(name))}
}

// fresh is the chart as it was loaded, for Helm to alter: enabling a chart's dependencies and importing their values changes it
// in place. A chart on its own is not altered, and not copied.
func (c *Chart) fresh() (*helmchart.Chart, map[*helmchart.File]string, error) {
	if len(c.helm.Metadata.Dependencies) == 0 && len(c.helm.Dependencies()) == 0 {
		return c.helm, c.folders, nil
	}
	files := make([]*loader.BufferedFile, len(c.helm.Raw))
	for i, f := range c.helm.Raw {
		files[i] = &loader.BufferedFile{Name: f.Name, Data: f.Data}
	}
	helm, err := loader.LoadFiles(files)
	if err != nil {
		return nil, nil, err
	}
	copied := newChart(c.path, helm)
	return helm, copied.folders, nil
}

// locate notes where in the archive or folder each chart of the tree stands. Helm forgets it: it names a chart after its
// Chart.yaml, whatever its folder is called. Files are shared by the copies that Helm makes for aliases, charts are not.
func (c *Chart) locate(helm *helmchart.Chart, folder string) {
	meta := rawFile(helm, metadataFile)
	c.folders[meta] = folder
	for _, dependency := range helm.Dependencies() {
		c.locate(dependency, path.Join(folder, folderOf(dependency, helm)))
	}
}

// folderOf finds the folder or archive of a dependency among its parent's files.
func folderOf(dependency, parent *helmchart.Chart) string {
	meta := rawFile(dependency, metadataFile)
	for _, f := range parent.Raw {
		folder, name := path.Split(f.Name)
		if name == metadataFile && path.Dir(path.Clean(folder)) == "charts" && bytes.Equal(f.Data, meta.Data) {
			return path.Clean(folder)
		}
	}
	archive := fmt.Sprintf("charts/%s-%s.tgz", dependency.Name(), dependency.Metadata.Version)
	if rawFile(parent, archive) != nil {
		return archive
	}
	return "charts/" + dependency.Name()
}

func rawFile(helm *helmchart.Chart, name string) *helmchart.File {
	for _, f := range helm.Raw {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// document is a YAML file of the chart, or nil where there is none that parses. name is its path in the chart, f its
// content.
func (c *Chart) document(name string, f *helmchart.File) *yaml.Node {
	if f == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	root, known := c.documents[name]
	if !known {
		root = parseDocument(f.Data)
		c.documents[name] = root
	}
	return root
}
