package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/valuesschema"
)

func init() {
	register(&Rule{
		ID:       "values-schema-open",
		Title:    "The schema says of every object whose keys it describes that it has no others",
		Why:      "JSON Schema accepts unknown keys unless told otherwise: a misspelt key passes, and the default stays in force without a word.",
		Bad:      `"image": {"type": "object", "properties": {"tag": {"type": "string"}}}`,
		Good:     `"image": {"type": "object", "additionalProperties": false, "properties": {"tag": {"type": "string"}}}`,
		Severity: Warning,
		Check:    checkValuesSchemaOpen,
	})
}

func checkValuesSchemaOpen(p *Pass) {
	for _, o := range valuesschema.OpenObjects(p.Chart) {
		p.Report(Finding{
			Position: o.Position,
			Message:  fmt.Sprintf("the schema describes keys of %s and accepts any others", o.Key),
			Fix:      `Add "additionalProperties": false, or, where it may have any keys, "additionalProperties": true.`,
		})
	}
}
