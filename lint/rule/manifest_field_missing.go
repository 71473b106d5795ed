package rule

import (
	"fmt"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "manifest-field-missing",
		Title: "Every rendered object has all required fields",
		Why: "The API server rejects an object without a required field, or treats the field as zero or empty, which is " +
			"rarely intended. The OpenAPI schema of the Kubernetes version, or the custom resource definition, says which " +
			"fields are required. A field with the value null counts as missing.",
		Bad: `ports:
  - name: http
    targetPort: 8080`,
		Good: `ports:
  - name: http
    port: 80
    targetPort: 8080`,
		Severity:         Error,
		Refused:          true,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.MissingField, func(problem kubeschema.Problem) string {
				return fmt.Sprintf("Set %s.", problem.Path)
			})
		},
	})
}
