package rule

import (
	"strings"

	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "null-value",
		Title: "No rendered list, map or port has a null",
		Why: "A template that prints an empty value renders a null. The OpenAPI schema of Kubernetes allows none in a list " +
			"or a map, and as a port or percentage: validators reject it. The API server reads it as an empty string, as a " +
			"quantity of 0, or as not set, so that a NetworkPolicy allows every port. An empty string or the default of a " +
			"field is rarely harmful, so that is an info.",
		Bad: `ports:
  - port: {{ .Values.service.port }}   # service.port is not set`,
		Good: `{{- with .Values.service.port }}
ports:
  - port: {{ . }}
{{- end }}`,
		Severity:         Warning,
		Refused:          true,
		VersionDependent: true,
		Check:            checkNullValue,
	})
}

func checkNullValue(p *Pass) {
	for _, checked := range problems(p) {
		for _, problem := range checked.problems {
			if problem.Class != kubeschema.Null {
				continue
			}
			f := Finding{
				Severity: Info,
				Node:     problem.Node,
				Message:  checked.object.String() + ": " + problem.Path + " " + problem.Message,
				Fix:      "Set the value, or render the field only if it has one.",
				Object:   checked.object.String(),
				Field:    problem.Path,
			}
			switch {
			case checked.object.Kind == "NetworkPolicy" && strings.HasSuffix(problem.Path, ".port"):
				f.Message += ", which allows every port"
				f.Severity = Warning
			case problem.Want == kubeschema.Quantity:
				f.Message += ", which is read as 0"
				f.Severity = Warning
			case problem.Item:
				f.Severity = Warning
			}
			p.Report(f)
		}
	}
}
