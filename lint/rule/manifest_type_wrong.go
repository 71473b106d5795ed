package rule

import (
	"regexp"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "manifest-type-wrong",
		Title: "Every field of a rendered object has a value of the field's type",
		Why: "The API server refuses an object with a number where it wants a string, a value that is none of those a field can " +
			"have, a quantity or base64 that does not parse. YAML makes numbers and booleans of what looks like one: a version " +
			"1.20 becomes 1.2, and a plain yes or on becomes true.",
		Bad: `labels:
  release: {{ .Values.version }}`,
		Good: `labels:
  release: {{ .Values.version | quote }}`,
		Severity:  Error,
		ByVersion: true,
		Check: func(p *Pass) {
			reportProblems(p, kubeschema.WrongType, func(problem kubeschema.Problem) string {
				return typeFixes[problem.Want]
			})
		},
	})
}

// typeFixes say what to do where a type is wanted.
var typeFixes = map[string]string{
	"string":            "Write a string that the field takes, in quotes where YAML would take it for something else: `{{ … | quote }}`.",
	"integer":           "Write a whole number without quotes: `{{ … | int }}`.",
	"number":            "Write a number without quotes.",
	"boolean":           "Write true or false without quotes.",
	"integer or string": "Write a whole number, or a string in quotes.",
	"list":              "Write a list: each item on a line that starts with a dash.",
	"map":               "Write a map of keys and values; what an indent too little or too much makes of one is a list or a text.",
	kubeschema.Quantity: "Write a number with a unit that Kubernetes knows: 250m, 0.5, 512Mi, 1Gi.",
}

// containerQuantity is a place that quantity-invalid looks at.
var containerQuantity = regexp.MustCompile(`(?:[cC]ontainers\[\d+\])\.resources\.(?:requests|limits)\b`)

// checkedElsewhere says whether a problem is another rule's finding already.
func checkedElsewhere(problem kubeschema.Problem) bool {
	return problem.Want == kubeschema.Quantity && containerQuantity.MatchString(problem.Path)
}
