package rule

import (
	"fmt"
	"iter"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "immutable-version",
		Title: "Fields that cannot change contain no version or revision",
		Why: "Kubernetes refuses to change the selector of a workload, or anything in a StatefulSet's " +
			"volumeClaimTemplates. If they contain the version of the chart, every upgrade to another version fails. " +
			"Labels for all objects, such as helm.sh/chart, often get there.",
		Bad: `volumeClaimTemplates:
  - metadata:
      labels:
        helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}`,
		Good: `volumeClaimTemplates:
  - metadata:
      labels:
        app.kubernetes.io/instance: {{ .Release.Name }}`,
		Severity:         Error,
		ComparesReleases: true,
		Check:            checkImmutableVersion,
	})
}

func checkImmutableVersion(p *Pass) {
	for _, pair := range p.Pairs {
		base, other := pair.Base, pair.Other
		if isCustom(base) || base.Hook() != chart.NoHook || !hasPodTemplate(base) || changesName(other) {
			continue
		}
		for _, field := range immutableFields(base) {
			for was, is := range scalars(base.Get(field...), other.Get(field...)) {
				if version := versionIn(p.Chart, was.Text(), is.Text()); version != "" {
					p.Report(Finding{
						Node: was,
						Message: fmt.Sprintf("%s of %s contains %s, but cannot change: an upgrade that changes it is refused",
							strings.Join(field, "."), base, version),
						Fix:    "Leave it out there: use labels that stay the same, such as those of the selector.",
						Object: base.String(),
					})
					break
				}
			}
		}
	}
}

func hasPodTemplate(o *chart.Object) bool {
	return o.PodSpec().Exists() && o.Get("spec", "template").Exists()
}

func immutableFields(o *chart.Object) [][]string {
	if o.Kind == "StatefulSet" {
		return [][]string{{"spec", "selector"}, {"spec", "serviceName"}, {"spec", "volumeClaimTemplates"}}
	}
	return [][]string{{"spec", "selector"}}
}

// versionIn names the version that a text for another release contains; "" if it contains none.
func versionIn(c *chart.Chart, base, other string) string {
	build := strings.TrimPrefix(chart.OtherRelease.Build, "+")
	switch {
	case strings.Contains(other, fmt.Sprint(chart.OtherRelease.Revision)):
		return "the revision of the release"
	case !strings.Contains(other, build) && !strings.Contains(other, strings.ReplaceAll(build, ".", "-")):
		return ""
	case strings.Contains(other, strings.TrimPrefix(chart.OtherRelease.AppBuild, "+")):
		return "the appVersion of the chart"
	case strings.Contains(base, c.Version()):
		return "the version of the chart"
	}
	return "the appVersion of the chart"
}

// changesName reports whether the name of an object for another release contains a version or the revision, so that an
// upgrade makes a new object.
func changesName(other *chart.Object) bool {
	return strings.Contains(other.Name, fmt.Sprint(chart.OtherRelease.Revision)) ||
		strings.Contains(other.Name, strings.TrimPrefix(chart.OtherRelease.Build, "+")[:5])
}

// scalars yields the scalars that a value has in two renderings.
func scalars(base, other chart.Node) iter.Seq2[chart.Node, chart.Node] {
	return func(yield func(chart.Node, chart.Node) bool) { eachScalar(base, other, yield) }
}

func eachScalar(base, other chart.Node, yield func(chart.Node, chart.Node) bool) bool {
	if _, is := base.Scalar(); is {
		return yield(base, other)
	}
	for key, was := range base.Entries() {
		if !eachScalar(was, other.Get(key), yield) {
			return false
		}
	}
	var others []chart.Node
	for item := range other.Items() {
		others = append(others, item)
	}
	i := 0
	for was := range base.Items() {
		if i >= len(others) {
			break
		}
		if !eachScalar(was, others[i], yield) {
			return false
		}
		i++
	}
	return true
}
