package chart

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// GlobalKey is the key of the values that a chart shares with its subcharts: global.
const GlobalKey = chartutil.GlobalKey

// Source is a loaded chart of the tree, before values enable or disable its dependencies.
type Source struct {
	// Library reports that the chart is of type library. Helm does not render its templates by themselves.
	Library bool
	// Templates are the files that Helm parses as templates.
	Templates []*File
	// Files are all files of the chart, including those in its charts/ folder.
	Files []*File
	// Dependencies are those that the chart lists, in order, followed by the charts in charts/ that it does not list.
	Dependencies []Dependency
}

// Dependency is a dependency of a chart.
type Dependency struct {
	// Key is the key of the dependency's values in the parent's values: its alias or its name.
	Key string
	// Source is nil if the charts/ folder lacks the dependency.
	Source *Source
	// Conditions are the paths in the parent's values that enable the dependency.
	Conditions [][]string
	// Tags are the tags that enable the dependency.
	Tags []string
	// Imports are the values that the parent imports from the dependency.
	Imports []Import
}

// Import copies the values at the path Child of a dependency to the path Parent of its parent's values.
type Import struct{ Child, Parent []string }

// File is a file of a chart.
type File struct {
	// Name is the slash-separated path of the file in its chart.
	Name string
	// FullName is Helm's name for the file as a template, such as shop/charts/cache/templates/web.yaml.
	FullName string
	// Position is the position of the file as a whole.
	Position Position
	Content  []byte

	chart *Chart
	raw   *helmchart.File
	path  string // in the root chart
}

// IsPartial reports whether the file is a template that Helm does not render by itself, such as _helpers.tpl.
func (f *File) IsPartial() bool { return isPartial(f.Name) }

// YAML returns the file's YAML document, or nil if the file does not parse. The document is shared and must not be
// modified.
func (f *File) YAML() *yaml.Node { return f.chart.document(f.path, f.raw) }

// At returns the position of a node of the file's document.
func (f *File) At(n *yaml.Node) Position {
	at := f.Position
	at.Line, at.Column = n.Line, n.Column
	return at
}

// File returns the chart's own file at a slash-separated path, or nil.
func (c *Chart) File(name string) *File {
	raw := rawFile(c.helm, name)
	if raw == nil {
		return nil
	}
	return c.newFile("", c.helm.Name(), raw)
}

// newFile returns a file of the chart in a folder of the root chart. fullName is Helm's name for that chart.
func (c *Chart) newFile(folder, fullName string, raw *helmchart.File) *File {
	at := path.Join(folder, raw.Name)
	return &File{
		Name:     raw.Name,
		FullName: path.Join(fullName, raw.Name),
		Position: c.file(at),
		Content:  raw.Data,
		chart:    c,
		raw:      raw,
		path:     at,
	}
}

// Source returns the loaded chart with all its subcharts.
func (c *Chart) Source() *Source { return c.source(c.helm, c.helm.Name()) }

func (c *Chart) source(helm *helmchart.Chart, name string) *Source {
	folder := c.folders[rawFile(helm, metadataYAML)]
	s := &Source{Library: isLibrary(helm)}
	for _, t := range helm.Templates {
		s.Templates = append(s.Templates, c.newFile(folder, name, t))
	}
	for _, f := range helm.Raw {
		s.Files = append(s.Files, c.newFile(folder, name, f))
	}
	listed := map[*helmchart.Chart]bool{}
	for _, want := range helm.Metadata.Dependencies {
		if want == nil {
			continue
		}
		d := newDependency(want)
		i := slices.IndexFunc(helm.Dependencies(), func(have *helmchart.Chart) bool {
			return have.Name() == want.Name && chartutil.IsCompatibleRange(want.Version, have.Metadata.Version)
		})
		if i >= 0 {
			have := helm.Dependencies()[i]
			listed[have] = true
			d.Source = c.source(have, name+"/charts/"+d.Key)
		}
		s.Dependencies = append(s.Dependencies, d)
	}
	for _, have := range helm.Dependencies() {
		if !listed[have] {
			s.Dependencies = append(s.Dependencies, Dependency{
				Key:    have.Name(),
				Source: c.source(have, name+"/charts/"+have.Name()),
			})
		}
	}
	return s
}

func newDependency(listed *helmchart.Dependency) Dependency {
	d := Dependency{Key: cmp.Or(listed.Alias, listed.Name), Tags: listed.Tags}
	for condition := range strings.SplitSeq(listed.Condition, ",") {
		if condition = strings.TrimSpace(condition); condition != "" {
			d.Conditions = append(d.Conditions, strings.Split(condition, "."))
		}
	}
	for _, imported := range listed.ImportValues {
		switch imported := imported.(type) {
		case string:
			d.Imports = append(d.Imports, Import{Child: []string{"exports", imported}})
		case map[string]any:
			i := Import{Child: strings.Split(fmt.Sprint(imported["child"]), ".")}
			if to := fmt.Sprint(imported["parent"]); to != "." {
				i.Parent = strings.Split(to, ".")
			}
			d.Imports = append(d.Imports, i)
		}
	}
	return d
}

func isLibrary(helm *helmchart.Chart) bool { return strings.EqualFold(helm.Metadata.Type, "library") }

// IsSharedKey reports whether a top-level key of the chart's values is also used by other charts: the globals, the tags
// and the values of subcharts.
func (c *Chart) IsSharedKey(key string) bool {
	if key == GlobalKey || key == "tags" {
		return true
	}
	for _, d := range c.helm.Metadata.Dependencies {
		if d != nil && (key == d.Alias || key == d.Name) {
			return true
		}
	}
	return slices.ContainsFunc(c.helm.Dependencies(), func(d *helmchart.Chart) bool { return d.Name() == key })
}
