package rule

import (
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

func init() {
	register(&Rule{
		ID:    "version-not-bumped",
		Title: "A chart that changed has a new version",
		Why: "Chart repositories keep one package for a version: the change is not published, or replaces what others have installed under " +
			"the same name. It is looked at with --changed-since, and only there.",
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
		Message:  fmt.Sprintf("the chart changed, and its version %s is not above the %s that it had before", now, before),
		Fix:      "Raise version in Chart.yaml.",
	})
}

// canonical is a chart's version as the semver package wants it; Helm also takes those that start with a v.
func canonical(version string) string { return "v" + strings.TrimPrefix(version, "v") }
