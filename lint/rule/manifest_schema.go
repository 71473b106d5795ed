package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

// reportProblems reports the problems of one class with the rendered objects.
func reportProblems(p *Pass, class kubeschema.Class, fix func(kubeschema.Problem) string) {
	for _, checked := range problems(p) {
		o := checked.object
		for _, problem := range checked.problems {
			if problem.Class != class || checkedElsewhere(problem) {
				continue
			}
			f := Finding{
				Node:    problem.Node,
				Message: fmt.Sprintf("%s: %s %s", o, problem.Path, problem.Message),
				Fix:     fix(problem),
				Object:  o.String(),
				Field:   problem.Path,
			}
			if problem.Suggestion != "" {
				f.Message += fmt.Sprintf("; did you mean %s?", problem.Suggestion)
			}
			if at := problem.Node.Position(); class == kubeschema.UnknownField && at.Line > 0 { // printed at a wrong place
				f.Several = fmt.Sprintf("%s: {count} fields that %s prints do not belong there in %s %s: {parts}",
					o, at, o.APIVersion, o.Kind)
				f.Part = problem.Path
				if problem.Suggestion != "" {
					f.Part += fmt.Sprintf(" (did you mean %s?)", problem.Suggestion)
				}
			}
			p.Report(f)
		}
	}
}

// objectProblems are the problems with an object.
type objectProblems struct {
	object   *chart.Object
	problems []kubeschema.Problem
}

// problems returns the rendered objects that have problems. All rules share them.
func problems(p *Pass) []objectProblems {
	type key struct {
		version string
		crds    *kubeschema.CRDs
	}
	return chart.Once(p.Rendered, key{p.KubeVersion, p.CRDs}, func() []objectProblems {
		version, err := kubeschema.ParseVersion(p.KubeVersion)
		if err != nil {
			return nil // the linter has checked it
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

// definitions returns the custom resource definitions of the chart, and those that the user passed.
func definitions(p *Pass) *kubeschema.CRDs {
	type key struct{ crds *kubeschema.CRDs }
	return chart.Once(p.Rendered, key{p.CRDs}, func() *kubeschema.CRDs {
		return kubeschema.CRDsOf(p.Chart, p.Rendered, p.CRDs)
	})
}
