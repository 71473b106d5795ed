package rule

import (
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// VersionNotBumped is the ID of the rule about the version of a chart that changed.
const VersionNotBumped = "version-not-bumped"

func init() {
	register(&Rule{
		ID:    VersionNotBumped,
		Title: "A changed chart has a new version",
		Why: "Chart repositories keep one package per version: the change is not published, or it replaces what others " +
			"have installed under the same version. This is checked with --changed-since. With --upgrade-from, the version " +
			"must also say what the change does, as semantic versions do: an upgrade that is refused, that deletes data, or " +
			"that ignores values needs a major version, and new or other defaults need a minor one, which is an info. " +
			"Before 1.0.0, a minor version may break upgrades, and a patch may change defaults.",
		Bad: `# templates/deployment.yaml changed
version: 1.4.0 # as on main`,
		Good: `# templates/deployment.yaml changed
version: 1.4.1 # main has 1.4.0`,
		Severity: Error,
		Check:    checkVersionNotBumped,
	})
}

// Bump is a kind of version, compared with the one before.
type Bump int

// The kinds of versions; each includes those before it.
const (
	NoBump Bump = iota
	PatchBump
	MinorBump
	MajorBump
)

// String returns the name of the kind.
func (b Bump) String() string { return [...]string{"no new", "patch", "minor", "major"}[b] }

// bumpOf returns the kind of a version that follows another one. Before 1.0.0, a minor version may break what a major
// one may break afterwards.
func bumpOf(before, now string) Bump {
	before, now = canonical(before), canonical(now)
	kind := MajorBump
	switch {
	case semver.Compare(now, before) <= 0:
		return NoBump
	case semver.Major(now) != semver.Major(before):
		return kind
	case semver.Major(now) != "v0":
		kind--
	}
	if semver.MajorMinor(now) != semver.MajorMinor(before) {
		return kind
	}
	return kind - 1
}

func checkVersionNotBumped(p *Pass) {
	if p.Needs != NoBump {
		checkReleaseNeeded(p)
		return
	}
	before, now := p.BaseVersion, p.Chart.Version()
	if before == "" || semver.Compare(canonical(now), canonical(before)) > 0 {
		return
	}
	p.Report(Finding{
		Position: p.Chart.MetadataPosition("version"),
		Message:  fmt.Sprintf("the chart changed, but its version %s is not higher than the previous %s", now, before),
		Fix:      "Raise version in Chart.yaml.",
	})
}

// checkReleaseNeeded compares the version of the chart with what the upgrade from its base needs.
func checkReleaseNeeded(p *Pass) {
	before, now := p.BaseVersion, p.Chart.Version()
	if bumpOf(before, now) >= p.Needs {
		return
	}
	needed, because := p.Needs, p.Because
	if semver.Major(canonical(before)) == "v0" {
		needed--
	}
	f := Finding{
		Position: p.Chart.MetadataPosition("version"),
		Message:  fmt.Sprintf("%s after %s has to be a new %s version: %s", now, before, needed, because),
		Fix:      fmt.Sprintf("Raise the %s version in Chart.yaml, or undo the change.", needed),
	}
	if now == before {
		f.Message = fmt.Sprintf("the version after %s has to be a new %s version: %s", before, needed, because)
	}
	if p.Needs < MajorBump {
		f.Severity = Info
	}
	p.Report(f)
}

// canonical returns a chart's version in the form of package semver. Helm accepts versions with and without a v.
func canonical(version string) string { return "v" + strings.TrimPrefix(version, "v") }
