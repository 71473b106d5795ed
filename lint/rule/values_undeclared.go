package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "values-undeclared",
		Title: "The values or their schema declare every key that templates read",
		Why: "An undeclared key is either misspelled, and so always empty, or an option that users of the chart cannot " +
			"discover. It is an error if it resembles a declared key that no template reads, and an info if templates " +
			"test for the key before they use it, such as a fallback to a former key.",
		Bad: `# templates/deployment.yaml
image: "{{ .Values.image.repositry }}"   # values.yaml: image: {repository: registry.example/app}`,
		Good: `# templates/deployment.yaml
image: "{{ .Values.image.repository }}"  # values.yaml: image: {repository: registry.example/app}`,
		Severity: Error,
		Check:    checkValuesUndeclared,
	})
}

func checkValuesUndeclared(p *Pass) {
	for _, u := range valuesuse.Undeclared(p.Chart) {
		f := Finding{
			Severity: Warning,
			Position: u.Position,
			Message:  fmt.Sprintf("the template reads %s, which neither the values nor their schema declare", u.Key),
			Fix:      "Declare the key in values.yaml, as a comment if it has no default, or in values.schema.json.",
		}
		if u.Refused {
			f.Message = fmt.Sprintf("the template reads %s, which values.schema.json forbids, so it can never be set", u.Key)
			f.Fix = "Describe the key in values.schema.json, or read another key."
		}
		switch {
		case u.Optional && !u.NearestUnused && !u.Refused:
			f.Severity = Info // a fallback to a former key, which may resemble the new one
		case u.Nearest != "":
			f.Message += fmt.Sprintf("; the closest key is %s", u.Nearest)
			if u.NearestUnused {
				f.Severity = Error
				f.Message += ", which no template reads"
				f.Fix = fmt.Sprintf("Read %s instead.", u.Nearest)
			}
		case u.Optional:
			f.Severity = Info
		}
		p.Report(f)
	}
}
