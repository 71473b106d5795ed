package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
)

func init() {
	register(&Rule{
		ID:    "values-schema-open",
		Title: "The schema forbids or allows unknown keys explicitly",
		Why: "JSON Schema allows unknown keys by default: a misspelled key passes, and the default silently stays in " +
			"force. If the schema describes keys of an object, it should say whether others are allowed.",
		Bad:      `"image": {"type": "object", "properties": {"tag": {"type": "string"}}}`,
		Good:     `"image": {"type": "object", "additionalProperties": false, "properties": {"tag": {"type": "string"}}}`,
		Severity: Warning,
		Practice: true,
		Check:    checkValuesSchemaOpen,
	})
}

func checkValuesSchemaOpen(p *Pass) {
	for _, o := range valuesschema.OpenObjects(p.Chart) {
		fix := `Add "additionalProperties": false, or "additionalProperties": true if any keys are intended.`
		if o.Key == schema.FormatPath(nil) {
			fix = `Add "additionalProperties": false, and "global": {"type": "object"} to the properties, without which the ` +
				`chart could not be a dependency. Or add "additionalProperties": true if any keys are intended.`
		}
		p.Report(Finding{
			Position: o.Position,
			Message:  fmt.Sprintf("the schema describes keys of %s but allows any others", o.Key),
			Fix:      fix,
			Several:  "the schema describes keys of {count} objects but allows any others: {parts}",
			Part:     o.Key,
		})
	}
}
