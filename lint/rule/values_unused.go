package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "values-unused",
		Title: "Every key of values.yaml is read by a template",
		Why: "A key that no template reads has no effect. It is a leftover, or a template misspells it. Whoever sets it " +
			"believes that it works.",
		Bad: `# values.yaml
service:
  prot: 8080
# templates/service.yaml: port: {{ .Values.service.port }}`,
		Good: `# values.yaml
service:
  port: 8080
# templates/service.yaml: port: {{ .Values.service.port }}`,
		Severity: Warning,
		Check:    checkValuesUnused,
	})
}

func checkValuesUnused(p *Pass) {
	for _, u := range valuesuse.Unused(p.Chart) {
		p.Report(Finding{
			Position: u.Position,
			Message:  fmt.Sprintf("no template reads %s", u.Key),
			Fix:      "Delete the key, or read it in a template.",
		})
	}
}
