package chart

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// DefaultKubeVersion is the default Kubernetes version to render charts for: the version of the API that this module is
// built with. (The default of Helm's SDK is v1.20.0.)
const DefaultKubeVersion = "v1.37.2"

// KubeVersions returns the default Kubernetes versions to lint charts for, the oldest first: the last four minor
// versions, up to [DefaultKubeVersion].
func KubeVersions() []string {
	const minors = 4 // the three that the Kubernetes project maintains, and the one before
	newest, _ := chartutil.ParseKubeVersion(DefaultKubeVersion)
	minor, _ := strconv.Atoi(newest.Minor) // a constant that tests parse
	var versions []string
	for older := minors - 1; older > 0; older-- {
		versions = append(versions, fmt.Sprintf("v%s.%d.0", newest.Major, minor-older))
	}
	return append(versions, DefaultKubeVersion)
}

// Variant is one way to deploy a chart: values and a cluster. The zero value is the chart's default values on
// [DefaultKubeVersion].
type Variant struct {
	values       *ValuesSet
	capabilities *chartutil.Capabilities
	release      *Release        // nil is the default release
	templates    map[string]bool // nil is all templates
	again        bool            // to show what is drawn at random
	defaults     map[string]any  // instead of those of the chart; nil is those
}

// NewVariant returns the variant of the default values on a Kubernetes version such as 1.37 or v1.37.2. "" is
// [DefaultKubeVersion].
func NewVariant(kubeVersion string) (Variant, error) {
	if kubeVersion == "" {
		kubeVersion = DefaultKubeVersion
	}
	version, err := chartutil.ParseKubeVersion(strings.TrimSpace(kubeVersion))
	if err != nil {
		return Variant{}, fmt.Errorf("%q is not a Kubernetes version such as 1.37 or v1.37.2", kubeVersion)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	return Variant{capabilities: capabilities}, nil
}

// WithValues returns the variant with a values set; nil is the default values.
func (v Variant) WithValues(set *ValuesSet) Variant {
	v.values = set
	return v
}

// WithAPIVersions returns the variant on a cluster that serves only these API versions, such as apps/v1 and
// apps/v1/Deployment, instead of those that Helm knows.
func (v Variant) WithAPIVersions(served []string) Variant {
	if v.capabilities == nil {
		newest, _ := NewVariant(DefaultKubeVersion) // a constant that tests parse
		v.capabilities = newest.capabilities
	}
	v.capabilities = v.capabilities.Copy()
	v.capabilities.APIVersions = served
	return v
}

// KubeVersion returns the variant's Kubernetes version, such as v1.37.2.
func (v Variant) KubeVersion() string {
	if v.capabilities == nil {
		return DefaultKubeVersion
	}
	return v.capabilities.KubeVersion.Version
}

// DependsOnKubeVersion reports whether the chart may render differently on another Kubernetes version: whether a file
// of the chart, of its subcharts or of the values set (values can be templates) contains the word Capabilities.
func (c *Chart) DependsOnKubeVersion(set *ValuesSet) bool {
	c.mu.Lock()
	if c.namesCapabilities == nil {
		names := mentions(c.helm, capabilities)
		c.namesCapabilities = &names
	}
	names := *c.namesCapabilities
	c.mu.Unlock()
	return names || set.mentions(capabilities)
}

var capabilities = []byte("Capabilities")

// mentions reports whether a file of a chart or of its subcharts contains a text.
func mentions(helm *helmchart.Chart, text []byte) bool {
	for _, f := range helm.Raw {
		if bytes.Contains(f.Data, text) {
			return true
		}
	}
	for _, dependency := range helm.Dependencies() {
		if mentions(dependency, text) {
			return true
		}
	}
	return false
}

// mentionsMinor reports whether a file of the chart, or of the variant's values, contains the minor version, such as
// 1.37.
func (c *Chart) mentionsMinor(v Variant) bool {
	type key struct{ minor string }
	minor := []byte(v.capabilities.KubeVersion.Major + "." + v.capabilities.KubeVersion.Minor)
	return v.values.mentions(minor) || Once(c, key{string(minor)}, func() bool { return mentions(c.helm, minor) })
}
