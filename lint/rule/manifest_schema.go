package rule

import (
	"fmt"

	"github.com/traderadmin/charts/lint/kubeschema"
)

// reportProblems reports what is wrong with the rendered objects in one respect.
func reportProblems(p *Pass, class kubeschema.Class, fix func(kubeschema.Problem) string) {
	version, err := kubeschema.ParseVersion(p.KubeVersion)
	if err != nil {
		return // the linter takes none that is no version
	}
	crds := definitions(p)
	for _, o := range p.Rendered.Objects {
		for _, problem := range version.Check(o, crds) {
			if problem.Class != class || checkedElsewhere(problem) {
				continue
			}
			message := fmt.Sprintf("%s: %s %s", o, problem.Path, problem.Message)
			if problem.Meant != "" {
				message += fmt.Sprintf("; did you mean %s?", problem.Meant)
			}
			p.Report(Finding{Node: problem.Node, Message: message, Fix: fix(problem), Object: o.String()})
		}
	}
}

// definitions are the custom resource definitions that the chart comes with, and those that were given.
func definitions(p *Pass) *kubeschema.CRDs {
	return kubeschema.CRDsOf(p.Chart, p.Rendered, p.CRDs)
}
