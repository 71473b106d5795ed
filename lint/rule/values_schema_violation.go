package rule

import "github.com/traderadmin/charts/internal/valuesschema"

func init() {
	register(&Rule{
		ID:    "values-schema-violation",
		Title: "Every values set satisfies the schema",
		Why: "Helm refuses values that violate the schema, so the chart cannot be installed with them. A default that is " +
			"empty because every user has to choose the value is an info if another values set satisfies the schema.",
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
			Demand:   f.Demand,
			Fix:      "Set a value that values.schema.json allows, or change the schema.",
		})
	}
}
