package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "version-in-label",
		Title: "Labels and names accept every version of the chart",
		Why: "Versions may have build metadata, as in 1.2.0+build.7, but labels and names must not contain a plus sign. " +
			"Kubernetes refuses the object, and the installation fails as soon as a version has one. Without " +
			"a plus sign yet, the version of the chart is a warning, because pipelines set it when they package the " +
			"chart, and the appVersion is not reported.",
		Bad:              `helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}`,
		Good:             `helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}`,
		Severity:         Error,
		Refused:          true,
		ComparesReleases: true,
		Check:            checkVersionInLabel,
	})
}

func checkVersionInLabel(p *Pass) {
	labels := labelFindings{}
	for _, pair := range p.Pairs {
		eachLabel(pair.Base, pair.Other, func(key string, was, is chart.Node) {
			if strings.Contains(is.Text(), chart.OtherRelease.Build) {
				labels.add(key, pair.Base, was, was.Text())
				labels[key].ofApp = strings.Contains(is.Text(), chart.OtherRelease.AppBuild)
			}
		})
		if strings.Contains(pair.Other.Name, "+") && !isCustom(pair.Other) {
			p.Report(Finding{
				Severity: Warning,
				Node:     pair.Base.Get("metadata", "name"),
				Message: fmt.Sprintf("the name of %s contains the version of the chart, and is invalid if that has build "+
					"metadata, as in 1.2.0+build.7", pair.Base),
				Fix:    `Replace the plus sign: .Chart.Version | replace "+" "-".`,
				Object: pair.Base.String(),
			})
		}
	}
	for _, key := range sortedKeys(labels) {
		labels[key].judgeVersion(p)
	}
}

// judgeVersion reports a label that contains a version.
func (l *labelFinding) judgeVersion(p *Pass) {
	field, severity := "version", Warning
	if l.ofApp {
		field = "appVersion"
	}
	problem := "is invalid if the %s of the chart has build metadata, as in 1.2.0+build.7"
	if strings.Contains(l.value, "+") {
		severity = Error
		problem = "has the %s of the chart, which contains a plus sign"
	} else if field == "appVersion" {
		return
	}
	labelFindings{l.key: l}.report(p, severity, func(l *labelFinding) (string, string) {
		return fmt.Sprintf("the label %s of %s "+problem, l.key, l.object, field),
			fmt.Sprintf(`Replace the plus sign: .Chart.%s | replace "+" "_".`, strings.ToUpper(field[:1])+field[1:])
	})
}
