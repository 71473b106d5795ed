package rule

import "github.com/traderadmin/charts/internal/valuesschema"

func init() {
	register(&Rule{
		ID:       "values-schema-invalid",
		Title:    "values.schema.json is a valid, self-contained JSON Schema",
		Why:      "Helm refuses to install, upgrade or template a chart whose schema does not compile, whatever the values.",
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
			Fix:      "Write JSON Schema, draft 4 to 2020-12, in one file; see https://json-schema.org.",
		})
	}
}
