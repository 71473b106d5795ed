package rule

import (
	"regexp"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "manifest-type-wrong",
		Title: "Every field of a rendered object has a value of the right type",
		Why: "The API server rejects a number where it expects a string, a value that an enum does not allow, and a " +
			"quantity or base64 text that does not parse. YAML turns unquoted text into numbers and booleans: 1.20 " +
			"becomes 1.2, and yes or on becomes true.",
		Bad: `labels:
  release: {{ .Values.version }}`,
		Good: `labels:
  release: {{ .Values.version | quote }}`,
		Severity:         Error,
		Refused:          true,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.WrongType, func(problem kubeschema.Problem) string {
				return typeFixes[problem.Want]
			})
		},
	})
}

// typeFixes holds the fix by the expected type.
var typeFixes = map[string]string{
	"string":            "Write a string, in quotes if YAML would read it as another type: `{{ … | quote }}`.",
	"integer":           "Write a whole number without quotes: `{{ … | int }}`.",
	"number":            "Write a number without quotes.",
	"boolean":           "Write true or false without quotes.",
	"integer or string": "Write a whole number, or a string in quotes.",
	"list":              "Write a list, with each item on a line that starts with a dash.",
	"map":               "Write a map of keys and values; wrong indentation can turn it into a list or a string.",
	kubeschema.Quantity: "Write a number with a unit of Kubernetes, such as 250m, 0.5, 512Mi or 1Gi.",
}

// containerQuantity matches the paths that quantity-invalid checks.
var containerQuantity = regexp.MustCompile(`(?:[cC]ontainers\[\d+\])\.resources\.(?:requests|limits)\b`)

// checkedElsewhere reports whether another rule reports the problem.
func checkedElsewhere(problem kubeschema.Problem) bool {
	return problem.Want == kubeschema.Quantity && containerQuantity.MatchString(problem.Path)
}
