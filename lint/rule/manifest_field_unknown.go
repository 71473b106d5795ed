package rule

import "github.com/traderadmin/charts/lint/kubeschema"

func init() {
	register(&Rule{
		ID:    "manifest-field-unknown",
		Title: "Every field of a rendered object is one that its kind has",
		Why: "The API server drops a field that it does not know: the release installs, and what the field asked for does not " +
			"happen. A slip of a letter or of the indent is enough. Kinds of custom resource definitions in crds/ and in " +
			"the templates are checked too; a Kubernetes version that the linter does not know is judged by the nearest that it does.",
		Bad: `spec:
  replica: 3`,
		Good: `spec:
  replicas: 3`,
		Severity:  Error,
		ByVersion: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.UnknownField, func(problem kubeschema.Problem) string {
				if problem.Suggestion != "" {
					return "Rename it or move it to where it belongs; `kubectl explain` lists the fields that there are."
				}
				return "Remove it or move it to where it belongs; `kubectl explain` lists the fields that there are."
			})
		},
	})
}
