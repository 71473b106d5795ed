package rule

import (
	"fmt"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "manifest-field-missing",
		Title: "Every rendered object has the fields that its kind requires",
		Why: "The API server refuses an object without them; a few it takes for zero or empty, which is seldom what was meant. What is " +
			"required is what Kubernetes publishes as such for the version, or the custom resource definition says. A field " +
			"that is null is missing.",
		Bad: `ports:
  - name: http
    targetPort: 8080`,
		Good: `ports:
  - name: http
    port: 80
    targetPort: 8080`,
		Severity:  Error,
		ByVersion: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.MissingField, func(problem kubeschema.Problem) string {
				return fmt.Sprintf("Set %s.", problem.Path)
			})
		},
	})
}
