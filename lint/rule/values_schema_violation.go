package rule

import "github.com/traderadmin/charts/internal/valuesschema"

func init() {
	register(&Rule{
		ID:       "values-schema-violation",
		Title:    "The values of every set keep to the schema",
		Why:      "Helm refuses values that break the schema: the chart cannot be installed as it comes.",
		Bad:      `replicaCount: "three"   # the schema says: "replicaCount": {"type": "integer"}`,
		Good:     `replicaCount: 3`,
		Severity: Error,
		Check:    checkValuesSchemaViolation,
	})
}

func checkValuesSchemaViolation(p *Pass) {
	for _, f := range valuesschema.Violations(p.Rendered) {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Set a value that values.schema.json allows, or allow this one there.",
		})
	}
}
