package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

// reportProblems reports what is wrong with the rendered objects in one respect.
func reportProblems(p *Pass, class kubeschema.Class, fix func(kubeschema.Problem) string) {
	for _, of := range problems(p) {
		for _, problem := range of.problems {
			if problem.Class != class || checkedElsewhere(problem) {
				continue
			}
			message := fmt.Sprintf("%s: %s %s", of.object, problem.Path, problem.Message)
			if problem.Suggestion != "" {
				message += fmt.Sprintf("; did you mean %s?", problem.Suggestion)
			}
			p.Report(Finding{Node: problem.Node, Message: message, Fix: fix(problem), Object: of.object.String()})
		}
	}
}

// objectProblems are what is wrong with an object.
type objectProblems struct {
	object   *chart.Object
	problems []kubeschema.Problem
}

// problems are those of the rendered objects that have any, found once for all rules.
func problems(p *Pass) []objectProblems {
	type key struct {
		version string
		crds    *kubeschema.CRDs
	}
	return chart.Once(p.Rendered, key{p.KubeVersion, p.CRDs}, func() []objectProblems {
		version, err := kubeschema.ParseVersion(p.KubeVersion)
		if err != nil {
			return nil // the linter takes none that is no version
		}
		crds := definitions(p)
		var found []objectProblems
		for _, o := range p.Rendered.Objects {
			if problems := version.Check(o, crds); len(problems) > 0 {
				found = append(found, objectProblems{o, problems})
			}
		}
		return found
	})
}

// definitions are the custom resource definitions that the chart comes with, and those that were given.
func definitions(p *Pass) *kubeschema.CRDs {
	type key struct{ crds *kubeschema.CRDs }
	return chart.Once(p.Rendered, key{p.CRDs}, func() *kubeschema.CRDs {
		return kubeschema.CRDsOf(p.Chart, p.Rendered, p.CRDs)
	})
}
