package rule

import "github.com/traderadmin/charts/internal/valuesschema"

func init() {
	register(&Rule{
		ID:       "values-schema-invalid",
		Title:    "values.schema.json is a valid JSON Schema that needs nothing but itself",
		Why:      "Helm refuses to install, upgrade or template a chart whose schema does not compile, whatever the values are.",
		Bad:      `{"type": "object", "properties": {"replicas": {"type": "int"}}}`,
		Good:     `{"type": "object", "properties": {"replicas": {"type": "integer"}}}`,
		Severity: Error,
		Check:    checkValuesSchemaInvalid,
	})
}

func checkValuesSchemaInvalid(p *Pass) {
	for _, f := range valuesschema.Failures(p.Rendered) {
		p.Report(Finding{
			Position: f.Position,
			Message:  "values.schema.json " + f.Message,
			Fix:      "Write it as JSON Schema, draft 4 to 2020-12; see https://json-schema.org.",
		})
	}
}
