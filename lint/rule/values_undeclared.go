package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "values-undeclared",
		Title: "Every key that a template reads is declared in the values or in their schema",
		Why: "A key that is declared nowhere is a misspelt one, which is always empty, or a secret that users of the chart cannot " +
			"know. Where it is most like a declared key that no template reads, it is an error; where templates ask whether it is " +
			"there before they use it, it is an info.",
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
			Fix:      "Declare the key in values.yaml, in a comment there if it has no default, or in values.schema.json.",
		}
		if u.Refused {
			f.Message = fmt.Sprintf("the template reads %s, which values.schema.json refuses: it can never be set", u.Key)
			f.Fix = "Describe the key in values.schema.json, or read another."
		}
		switch {
		case u.Nearest != "":
			f.Message += fmt.Sprintf("; the nearest key is %s", u.Nearest)
			if u.NearestUnused {
				f.Severity = Error
				f.Message += ", which no template reads"
				f.Fix = fmt.Sprintf("Read %s.", u.Nearest)
			}
		case u.Optional:
			f.Severity = Info
		}
		p.Report(f)
	}
}
