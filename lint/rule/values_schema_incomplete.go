package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesschema"
)

func init() {
	register(&Rule{
		ID:    "values-schema-incomplete",
		Title: "The schema describes every key of values.yaml",
		Why:   "Helm accepts any value of any type for a key that the schema does not describe.",
		Bad: `# values.yaml
replicaCount: 1   # values.schema.json: {"properties": {"image": {"type": "string"}}}`,
		Good: `# values.yaml
replicaCount: 1   # values.schema.json: {"properties": {"replicaCount": {"type": "integer"}}}`,
		Severity: Warning,
		Practice: true,
		Check:    checkValuesSchemaIncomplete,
	})
}

// checkValuesSchemaIncomplete ignores keys that the schema forbids, which values-schema-violation reports.
func checkValuesSchemaIncomplete(p *Pass) {
	for _, k := range valuesschema.Undescribed(p.Chart) {
		p.Report(Finding{
			Position: k.Position,
			Message:  fmt.Sprintf("values.schema.json does not describe %s", k.Key),
			Fix:      "Describe the key in values.schema.json, at least with its type; --fix adds it.",
			Several:  "values.schema.json does not describe {count} keys of values.yaml: {parts}",
			Part:     k.Key,
		})
	}
}
