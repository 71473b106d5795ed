package chart

import (
	"regexp"
	"strconv"
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
	// NextVersion means that the chart has the next version and appVersion, such as 1.4.3 after 1.4.2.
	NextVersion bool
}

// defaultRelease is the release of all renderings but those of [Variant.ForOtherRelease] and [Variant.ForUpgrade]. The
// name and the namespace are those of helm template.
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

// ForUpgrade returns the variant for the second revision of the default release. If nextVersion is true, the chart is
// rendered as its next version.
func (v Variant) ForUpgrade(nextVersion bool) Variant {
	release := defaultRelease
	release.Revision, release.IsUpgrade, release.NextVersion = 2, true, nextVersion
	v.release = &release
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
	switch release := r.variant.releaseOrDefault(); {
	case release.Build != "":
		r.helm = withVersions(r.helm, func(version string) string { return setBuild(version, release.Build) },
			func(version string) string { return setBuild(version, release.AppBuild) })
	case release.NextVersion:
		r.helm = withVersions(r.helm, NextVersion, NextVersion)
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

// withVersions returns a copy of a chart with other versions.
func withVersions(helm *helmchart.Chart, version, appVersion func(string) string) *helmchart.Chart {
	edited, metadata := *helm, *helm.Metadata
	for field, change := range map[*string]func(string) string{
		&metadata.Version: version, &metadata.AppVersion: appVersion,
	} {
		if *field != "" {
			*field = change(*field)
		}
	}
	edited.Metadata = &metadata
	return &edited
}

// setBuild gives a version build metadata such as +build.7.
func setBuild(version, build string) string {
	before, _, _ := strings.Cut(version, "+")
	return before + build
}

// lastNumber matches a version up to its last number, and what follows.
var lastNumber = regexp.MustCompile(`^(.*?)(\d{1,9})(\D*)$`)

// NextVersion returns the version after another one, in which the last number before any build metadata is one higher;
// a version without a number gets one.
func NextVersion(version string) string {
	version, _, _ = strings.Cut(version, "+")
	parts := lastNumber.FindStringSubmatch(version)
	if parts == nil {
		return version + ".1"
	}
	n, _ := strconv.Atoi(parts[2]) // it has at most nine digits
	return parts[1] + strconv.Itoa(n+1) + parts[3]
}
