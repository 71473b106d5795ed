package chart

import (
	"strings"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Release is the release that a chart is rendered for.
type Release struct {
	Name      string
	Namespace string
	Revision  int
	IsUpgrade bool
	// Build and AppBuild are the build metadata, such as +build.7, that the chart's version and appVersion get.
	Build, AppBuild string
}

// defaultRelease is the release of all renderings but those of [Variant.ForOtherRelease]. The name and the namespace
// are those of helm template.
var defaultRelease = Release{Name: "release-name", Namespace: "default", Revision: 1}

// OtherRelease differs from the default release in everything that a user of a chart may choose: the longest name that
// Helm accepts, another namespace, a later revision, and versions with build metadata.
var OtherRelease = Release{
	Name:      "release-with-the-longest-name-of-53-letters-in-helm-x",
	Namespace: "other-namespace",
	Revision:  7654321,
	IsUpgrade: true,
	Build:     "+build.7",
	AppBuild:  "+build.7.app",
}

// NamedAfterRelease reports whether a name contains the name of the release, as names of objects of the release do.
func NamedAfterRelease(name string) bool { return strings.Contains(name, defaultRelease.Name) }

// ForOtherRelease returns the variant for [OtherRelease].
func (v Variant) ForOtherRelease() Variant {
	v.release = &OtherRelease
	return v
}

// WithTemplates restricts the variant to some of the templates that Helm renders by themselves, by Helm's names.
// Templates that define named templates are rendered too.
func (v Variant) WithTemplates(names map[string]bool) Variant {
	v.templates = names
	return v
}

func (v Variant) releaseOrDefault() Release {
	if v.release == nil {
		return defaultRelease
	}
	return *v.release
}

func (r Release) options() chartutil.ReleaseOptions {
	return chartutil.ReleaseOptions{
		Name: r.Name, Namespace: r.Namespace, Revision: r.Revision, IsInstall: !r.IsUpgrade, IsUpgrade: r.IsUpgrade,
	}
}

// restrict empties the templates that the variant leaves out, and sets the versions of the release.
func (r *Rendered) restrict() {
	if r.variant.templates != nil {
		r.helm = r.only(r.helm, r.variant.templates)
	}
	if release := r.variant.releaseOrDefault(); release.Build != "" {
		r.helm = withBuild(r.helm, release)
	}
}

// only returns a copy of a chart in which all templates are empty but some and those that they may include.
func (r *Rendered) only(helm *helmchart.Chart, names map[string]bool) *helmchart.Chart {
	reached := r.reached(names)
	return edit(helm, func(name string, content []byte) []byte {
		maybeIncluded := isPartial(name) || strings.Contains(string(content), "define ")
		if names[name] || reached[name] || reached == nil && maybeIncluded {
			return content
		}
		return nil
	})
}

// withBuild returns a copy of a chart whose versions have the build metadata of a release.
func withBuild(helm *helmchart.Chart, release Release) *helmchart.Chart {
	edited, metadata := *helm, *helm.Metadata
	for version, build := range map[*string]string{
		&metadata.Version: release.Build, &metadata.AppVersion: release.AppBuild,
	} {
		if *version != "" {
			before, _, _ := strings.Cut(*version, "+")
			*version = before + build
		}
	}
	edited.Metadata = &metadata
	return &edited
}
