package rule

import "github.com/traderadmin/charts/lint/kubeschema"

func init() {
	register(&Rule{
		ID:    "manifest-field-unknown",
		Title: "Every field of a rendered object exists in its kind",
		Why: "The API server drops unknown fields: the release installs, but the field has no effect. A typo or wrong " +
			"indentation is enough. Kinds of custom resource definitions in crds/ and in the templates are checked too. A " +
			"Kubernetes version that the linter does not know is checked as the nearest known one.",
		Bad: `spec:
  replica: 3`,
		Good: `spec:
  replicas: 3`,
		Severity:         Error,
		Refused:          true,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.UnknownField, func(problem kubeschema.Problem) string {
				action := "Remove it or move it to the right place"
				if problem.Suggestion != "" {
					action = "Rename it or move it to the right place"
				}
				return action + "; `kubectl explain` lists the valid fields."
			})
		},
	})
}
