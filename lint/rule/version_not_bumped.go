package rule

import (
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

func init() {
	register(&Rule{
		ID:    "version-not-bumped",
		Title: "A changed chart has a new version",
		Why: "Chart repositories keep one package per version: the change is not published, or it replaces what others " +
			"have installed under the same version. This rule only runs with --changed-since.",
		Bad: `# templates/deployment.yaml changed
version: 1.4.0 # as on main`,
		Good: `# templates/deployment.yaml changed
version: 1.4.1 # main has 1.4.0`,
		Severity: Error,
		Check:    checkVersionNotBumped,
	})
}

func checkVersionNotBumped(p *Pass) {
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

// canonical returns a chart's version in the form of package semver. Helm accepts versions with and without a v.
func canonical(version string) string { return "v" + strings.TrimPrefix(version, "v") }
