// Package charttest makes charts for tests, with Helm's own code.
package charttest

import (
	"fmt"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Create writes Helm's starter chart, the one of `helm create`, to a new folder of the given name in parent. It returns
// the path of the chart.
func Create(name, parent string) (string, error) { return chartutil.Create(name, parent) }

// Package packs the chart at path into an archive in the folder parent, as `helm package` does. It returns the path of
// the archive.
func Package(path, parent string) (string, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return "", fmt.Errorf("package chart %s: %w", path, err)
	}
	return chartutil.Save(loaded, parent)
}
