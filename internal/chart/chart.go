// Package chart loads Helm charts, renders them, and traces rendered values to their source.
//
// [Load] reads a folder or an archive. [Chart.Render] renders it for a [Variant] with Helm's own engine and splits the
// output into [Object]s. A [Node] is a value in an object; [Node.Position] is the template line that printed it.
//
// Only a chart that Helm cannot load is an error. Everything else that is wrong with a chart is data in the result, so
// that one pass finds all of it.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// Files of a chart.
const (
	ValuesYAML = "values.yaml"
	SchemaJSON = "values.schema.json"

	metadataYAML     = "Chart.yaml"
	requirementsYAML = "requirements.yaml" // the dependencies of a chart of apiVersion v1
)

// Chart is a loaded chart with its subcharts. It is safe for concurrent use.
type Chart struct {
	path    string
	helm    *helmchart.Chart
	folders map[*helmchart.File]string // of each chart of the tree, by its Chart.yaml
	memo

	mu                sync.Mutex
	documents         map[string]*yaml.Node // parsed YAML files, by path in the chart
	namesCapabilities *bool                 // nil until computed

	traces sync.Map // of output to []int, the template line of each line
}

// Load reads the chart at path, a folder or a .tgz archive, with Helm's loader and its limits on sizes and paths. It
// returns an error if Helm could not load the chart, or would never finish.
func Load(path string) (*Chart, error) {
	helm, err := loadHelm(path)
	if refused := (*LoadError)(nil); errors.As(err, &refused) {
		return nil, refused
	} else if err != nil {
		return nil, fmt.Errorf("load chart %s: %w", path, err)
	}
	return newChart(path, helm), nil
}

// loadHelm loads a chart. If there is a folder or an archive, what keeps Helm from loading it is a [LoadError].
func loadHelm(path string) (helm *helmchart.Chart, err error) {
	var files []*loader.BufferedFile
	found := false
	defer func() {
		if err != nil && found {
			err = newLoadError(path, files, err)
		}
	}()
	defer recoverHelm(&err)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such folder or archive")
	case err != nil:
		return nil, err
	case info.IsDir():
		found = true
		if files, err = readFolder(path); err != nil {
			return nil, err
		}
		return loader.LoadFiles(slices.Clone(files))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("it is %s, not a folder or an archive", describeMode(info.Mode()))
	}
	found = true
	return loader.LoadFile(path)
}

// recoverHelm turns a panic of Helm's SDK into an error: it panics on some malformed charts.
func recoverHelm(err *error) {
	if failure := recover(); failure != nil {
		*err = fmt.Errorf("panic in Helm: %v", failure)
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

// Path returns the path that the chart was loaded from.
func (c *Chart) Path() string { return c.path }

// Name returns the name in Chart.yaml.
func (c *Chart) Name() string { return c.helm.Name() }

// Version returns the version in Chart.yaml.
func (c *Chart) Version() string { return c.helm.Metadata.Version }

// IsLibrary reports whether the chart is a library: it has templates for other charts and installs nothing itself.
func (c *Chart) IsLibrary() bool { return isLibrary(c.helm) }

// HasSchema reports whether the chart itself has a values.schema.json.
func (c *Chart) HasSchema() bool { return c.helm.Schema != nil }

// ValuesFile returns the position of the chart's values.yaml, or of its Chart.yaml if it has none.
func (c *Chart) ValuesFile() Position {
	if rawFile(c.helm, ValuesYAML) == nil {
		return c.file(metadataYAML)
	}
	return c.file(ValuesYAML)
}

// MetadataPosition returns the position in Chart.yaml of the key at a path of keys and list indices, or of the file if
// there is no such key.
func (c *Chart) MetadataPosition(keys ...string) Position {
	return c.keyPosition(metadataYAML, keys...)
}

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

// MissingDependencies returns the dependencies that the chart lists and that its charts/ folder lacks.
func (c *Chart) MissingDependencies() []Failure {
	present := map[string]bool{}
	for _, dependency := range c.helm.Dependencies() {
		present[dependency.Name()] = true
	}
	file := metadataYAML
	if rawFile(c.helm, requirementsYAML) != nil {
		file = requirementsYAML
	}
	var missing []Failure
	for i, d := range c.helm.Metadata.Dependencies {
		if d != nil && !present[d.Name] {
			missing = append(missing, Failure{
				Position: c.keyPosition(file, "dependencies", strconv.Itoa(i), "name"),
				Message:  fmt.Sprintf("the chart depends on %s %s, which is not in its charts folder", d.Name, d.Version),
			})
		}
	}
	return missing
}

// CRDFiles returns the contents of the YAML files in the crds/ folders of the chart and its subcharts. Helm installs
// them as they are, before the templates.
func (c *Chart) CRDFiles() [][]byte {
	var files [][]byte
	for _, crd := range c.helm.CRDObjects() {
		files = append(files, crd.File.Data)
	}
	return files
}

// file returns the position of a file as a whole, given its slash-separated path in the chart.
func (c *Chart) file(name string) Position {
	return Position{File: filepath.Join(c.path, filepath.FromSlash(name))}
}

// fresh returns a copy of the loaded chart that Helm may modify: it enables dependencies and imports their values in
// place. A chart without dependencies is never modified, so fresh does not copy it.
func (c *Chart) fresh() *helmchart.Chart {
	if len(c.helm.Metadata.Dependencies) == 0 && len(c.helm.Dependencies()) == 0 {
		return c.helm
	}
	return clone(c.helm)
}

// clone returns a copy of a chart and its dependencies. They share their files.
func clone(helm *helmchart.Chart) *helmchart.Chart {
	cloned, metadata := *helm, *helm.Metadata
	metadata.Dependencies = slices.Clone(metadata.Dependencies)
	for i, d := range metadata.Dependencies {
		if d != nil {
			dependency := *d
			metadata.Dependencies[i] = &dependency
		}
	}
	cloned.Metadata = &metadata
	cloned.Values, _ = copyValues(helm.Values).(map[string]any)
	dependencies := make([]*helmchart.Chart, len(helm.Dependencies()))
	for i, d := range helm.Dependencies() {
		dependencies[i] = clone(d)
	}
	cloned.SetDependencies(dependencies...)
	return &cloned
}

func copyValues(v any) any {
	switch v := v.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, value := range v {
			copied[key] = copyValues(value)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, item := range v {
			copied[i] = copyValues(item)
		}
		return copied
	}
	return v
}

// locate records the folder of each chart of the tree. Helm names a chart after its Chart.yaml, whatever its folder is
// called. The key is the file Chart.yaml, because the copies of a chart that Helm makes for aliases share their files.
func (c *Chart) locate(helm *helmchart.Chart, folder string) {
	c.folders[rawFile(helm, metadataYAML)] = folder
	for _, dependency := range helm.Dependencies() {
		c.locate(dependency, path.Join(folder, folderOf(dependency, helm)))
	}
}

// folderOf finds the folder or archive of a dependency among its parent's files.
func folderOf(dependency, parent *helmchart.Chart) string {
	metadata := rawFile(dependency, metadataYAML)
	for _, f := range parent.Raw {
		folder, name := path.Split(f.Name)
		if name == metadataYAML && path.Dir(path.Clean(folder)) == "charts" && bytes.Equal(f.Data, metadata.Data) {
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

// document parses a YAML file once. It returns nil if f is nil or does not parse. name is the path of f in the chart.
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
