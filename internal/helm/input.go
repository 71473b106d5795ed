package helm

import (
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Input is what a command line gave to Helm's template engine.
type Input struct {
	// Key is equal for equal inputs of one recording.
	Key string
	// Chart is the chart, with the dependencies that its conditions select.
	Chart *chart.Chart
	// Given are the values of the command line.
	Given map[string]any
	// Values are the top-level objects of templates, such as .Values and .Release.
	Values chartutil.Values
	// Lookups answers lookups as the cluster did. It is nil if they find nothing, because the command did not ask it.
	Lookups engine.ClientProvider
}

// Input returns what the command gave to the template engine, or nil if it rendered no release. It returns an error if
// the values of the release do not fit the chart.
func (r *Recorded) Input() (*Input, error) {
	if r.release == nil || r.release.Chart == nil {
		return nil, nil
	}
	isUpgrade := r.Args[0] == "upgrade" && r.release.Version > 1 || slices.Contains(r.Args, "--is-upgrade")
	capabilities := r.capabilities
	if capabilities == nil {
		capabilities = chartutil.DefaultCapabilities.Copy()
	}
	const skipSchema = true // it was validated
	top, err := chartutil.ToRenderValuesWithSchemaValidation(r.release.Chart, r.release.Config, chartutil.ReleaseOptions{
		Name: r.release.Name, Namespace: r.called, Revision: r.release.Version,
		IsInstall: !isUpgrade, IsUpgrade: isUpgrade,
	}, capabilities, skipSchema)
	if err != nil {
		return nil, fmt.Errorf("helm %s: %w", r.Args[0], err)
	}
	in := &Input{
		Key:   fmt.Sprint(r.Args[0], isUpgrade, r.Rendered),
		Chart: r.release.Chart, Given: r.release.Config, Values: top,
	}
	if answers := r.answers.replace(r.real, r.called); len(answers.byPath) > 0 {
		config, err := replayedGetter{transport: answers}.ToRESTConfig()
		if err != nil {
			return nil, err
		}
		in.Lookups = recordedLookups{config}
	}
	return in, nil
}

// recordedLookups answers lookups as it was recorded.
type recordedLookups struct{ config *rest.Config }

// GetClientFor implements engine.ClientProvider.
func (l recordedLookups) GetClientFor(
	apiVersion, kind string,
) (dynamic.NamespaceableResourceInterface, bool, error) {
	documents, err := discovery.NewDiscoveryClientForConfig(l.config)
	if err != nil {
		return nil, false, err
	}
	list, err := documents.ServerResourcesForGroupVersion(apiVersion)
	if err != nil {
		return nil, false, err
	}
	client, err := dynamic.NewForConfig(l.config)
	if err != nil {
		return nil, false, err
	}
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, false, err
	}
	for _, resource := range list.APIResources {
		if resource.Kind == kind {
			return client.Resource(version.WithResource(resource.Name)), resource.Namespaced, nil
		}
	}
	return nil, false, fmt.Errorf("no resource of %s has the kind %s", apiVersion, kind)
}
