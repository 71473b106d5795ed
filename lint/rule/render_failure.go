package rule

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

// RenderFailure is the ID of the rule about templates that fail.
const RenderFailure = "render-failure"

func init() {
	register(&Rule{
		ID:               RenderFailure,
		Title:            "The chart renders with every values set and on every Kubernetes version",
		Why:              "Helm stops at the first template that does not parse or fails, so the chart cannot be installed.",
		Bad:              `replicas: {{ .Values.replicaCount }`,
		Good:             `replicas: {{ .Values.replicaCount }}`,
		Severity:         Error,
		VersionDependent: true, // because of kubeVersion in Chart.yaml
		Check:            checkRenderFailure,
	})
}

func checkRenderFailure(p *Pass) {
	for _, f := range p.Chart.KubeVersionFailures(p.KubeVersion) {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Widen kubeVersion, or set kubeVersions in " + policy.FileName + " to those that the chart supports.",
		})
	}
	for _, f := range p.Rendered.RenderFailures {
		if p.lacksDependency(f) {
			continue
		}
		finding := Finding{Position: f.Position, Message: f.Message, Demand: f.Demand}
		switch {
		case f.Null.Key != "":
			if f.Null.Position.Line > 0 {
				finding.Value = &f.Null
			}
			finding.Fix = fmt.Sprintf("Set %s to a map, or let the template accept null with parentheses: (.Values.%[1]s).KEY.",
				f.Null.Key)
		case f.Demand:
			finding.Fix = "Set the value that the chart demands in the values set, or give it a default."
		default:
			finding.Fix = "The position is the innermost template line that Helm names; " +
				"`helm template --debug` prints the calls that lead there."
		}
		p.Report(finding)
	}
}

var (
	undefinedTemplate = regexp.MustCompile(`no template "[^"]*" associated with template`)
	// unsetArgument matches the error for a key of null that is not in the values: a template was given the null.
	unsetArgument = regexp.MustCompile(`<\$?\.[\w.]+>: nil pointer evaluating interface \{\}`)
)

// lacksDependency reports whether a failure may be due to a missing dependency, which dependency-missing reports: a
// template that is not defined, or a value that the dependency would bring.
func (p *Pass) lacksDependency(f chart.Failure) bool {
	if len(p.Chart.MissingDependencies()) == 0 {
		return false
	}
	key, _, _ := strings.Cut(f.Null.Key, ".")
	return undefinedTemplate.MatchString(f.Message) || key != "" && p.Chart.IsSharedKey(key) ||
		key == "" && unsetArgument.MatchString(f.Message)
}
