package chart

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// DefaultKubeVersion is the Kubernetes version that charts are rendered for unless told otherwise: the one whose API this
// module is built with. (Helm's SDK on its own says v1.20.0.)
const DefaultKubeVersion = "v1.37.2"

// KubeVersions are the Kubernetes versions that charts are linted for unless told otherwise, the oldest first: the last four minor
// versions, up to [DefaultKubeVersion].
func KubeVersions() []string {
	const minors = 4 // those that the Kubernetes project maintains, and the one before
	newest, _ := chartutil.ParseKubeVersion(DefaultKubeVersion)
	minor, _ := strconv.Atoi(newest.Minor) // a constant that the tests parse
	var versions []string
	for older := minors - 1; older > 0; older-- {
		versions = append(versions, fmt.Sprintf("v%s.%d.0", newest.Major, minor-older))
	}
	return append(versions, DefaultKubeVersion)
}

// Variant is one way to deploy a chart. The zero value is the chart's default values on [DefaultKubeVersion].
type Variant struct {
	values       *ValuesSet
	capabilities *chartutil.Capabilities
}

// NewVariant is the default values on a Kubernetes version such as 1.37 or v1.37.2; empty is [DefaultKubeVersion]. It fails
// on what is not a version.
func NewVariant(kubeVersion string) (Variant, error) {
	if kubeVersion == "" {
		kubeVersion = DefaultKubeVersion
	}
	version, err := chartutil.ParseKubeVersion(strings.TrimSpace(kubeVersion))
	if err != nil {
		return Variant{}, fmt.Errorf("%q is no Kubernetes version: want one such as 1.37 or v1.37.2", kubeVersion)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	return Variant{capabilities: capabilities}, nil
}

// WithValues is the variant with a values set in place of the default values; nil is those.
func (v Variant) WithValues(set *ValuesSet) Variant {
	v.values = set
	return v
}

// WithAPIVersions is the variant on a cluster that serves just these API versions, such as apps/v1 and apps/v1/Deployment, in place of
// all that Helm knows.
func (v Variant) WithAPIVersions(served []string) Variant {
	if v.capabilities == nil {
		v, _ = NewVariant(DefaultKubeVersion) // a constant that the tests parse
	}
	v.capabilities = v.capabilities.Copy()
	v.capabilities.APIVersions = served
	return v
}

// KubeVersion is the variant's Kubernetes version, such as v1.37.2.
func (v Variant) KubeVersion() string {
	if v.capabilities == nil {
		return DefaultKubeVersion
	}
	return v.capabilities.KubeVersion.Version
}

// DependsOnKubeVersion says whether the chart may render differently on another Kubernetes version: whether any of its files, its
// subcharts' or the values set's (values can be templates) names Capabilities.
func (c *Chart) DependsOnKubeVersion(set *ValuesSet) bool {
	c.mu.Lock()
	if c.namesCapabilities == nil {
		names := namesCapabilities(c.helm)
		c.namesCapabilities = &names
	}
	names := *c.namesCapabilities
	c.mu.Unlock()
	return names || set.mentions(capabilities)
}

var capabilities = []byte("Capabilities")

func namesCapabilities(helm *helmchart.Chart) bool {
	for _, f := range helm.Raw {
		if bytes.Contains(f.Data, capabilities) {
			return true
		}
	}
	for _, dependency := range helm.Dependencies() {
		if namesCapabilities(dependency) {
			return true
		}
	}
	return false
}
