package chart

import (
	"path/filepath"
	"slices"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// Requirement is a dependency that a chart lists.
type Requirement struct{ Name, Version, Repository string }

// Requirements returns the dependencies that the chart lists, whether its charts folder has them or not.
func (c *Chart) Requirements() []Requirement {
	var listed []Requirement
	for _, d := range c.helm.Metadata.Dependencies {
		if d != nil {
			listed = append(listed, Requirement{d.Name, d.Version, d.Repository})
		}
	}
	return listed
}

// Vendored returns the path of a dependency in the chart's charts folder, a folder or an archive; "" if it is missing.
func (c *Chart) Vendored(name string) string {
	all := c.helm.Dependencies()
	i := slices.IndexFunc(all, func(d *helmchart.Chart) bool { return d.Name() == name })
	if i < 0 {
		return ""
	}
	return filepath.Join(c.path, filepath.FromSlash(folderOf(all[i], c.helm)))
}
