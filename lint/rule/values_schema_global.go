package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesschema"
)

func init() {
	register(&Rule{
		ID:    "values-schema-global",
		Title: "A schema that forbids unknown keys describes global",
		Why: "Helm gives every subchart the key global, even if nobody sets a global value. If the schema of a chart " +
			"forbids it, the chart cannot be a dependency: Helm refuses to install the chart above.",
		Bad: `{"additionalProperties": false, "properties": {"image": {"type": "string"}}}`,
		Good: `{"additionalProperties": false, "properties": {
  "global": {"type": "object"},
  "image": {"type": "string"}
}}`,
		Severity: Error,
		Check:    checkValuesSchemaGlobal,
	})
}

// checkValuesSchemaGlobal reports a subchart as an error, and the chart itself, which may never be a dependency, as a
// warning.
func checkValuesSchemaGlobal(p *Pass) {
	for _, refused := range valuesschema.RefusedGlobals(p.Rendered) {
		finding := Finding{
			Position: refused.Position,
			Message:  `the schema forbids the key "global", so the chart cannot be a dependency`,
			Fix:      `Add "global": {"type": "object"} to the properties of the schema.`,
			Severity: Warning,
		}
		if refused.Subchart != "" {
			finding.Severity = Error
			finding.Message = fmt.Sprintf("the schema of the subchart %s forbids the key \"global\", which Helm gives to every "+
				"subchart, so Helm refuses to install the chart", refused.Subchart)
		}
		p.Report(finding)
	}
}
