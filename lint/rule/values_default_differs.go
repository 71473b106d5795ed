package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesschema"
)

func init() {
	register(&Rule{
		ID:    "values-default-differs",
		Title: "Defaults in the schema equal those in values.yaml",
		Why: "Helm takes defaults from values.yaml and ignores those of the schema. Editors and generated documentation " +
			"show the schema's defaults, which mislead users if they differ.",
		Bad: `# values.yaml
replicaCount: 1   # values.schema.json: "replicaCount": {"type": "integer", "default": 3}`,
		Good: `# values.yaml
replicaCount: 1   # values.schema.json: "replicaCount": {"type": "integer", "default": 1}`,
		Severity: Warning,
		Check:    checkValuesDefaultDiffers,
	})
}

func checkValuesDefaultDiffers(p *Pass) {
	for _, d := range valuesschema.DifferentDefaults(p.Chart) {
		finding := Finding{
			Position: d.Position,
			Message: fmt.Sprintf("the schema says that %s is %s by default, but values.yaml sets %s on line %d",
				d.Key, d.Default, d.Value, d.Values.Line),
			Fix:   "Make the defaults equal; Helm uses the one in values.yaml.",
			Value: &chart.ValuesKey{Position: d.Values, Key: d.Key},

			Several: "the schema has other defaults than values.yaml for {count} keys: {parts}",
			Part:    d.Key,
		}
		if d.Value == "" {
			finding.Message = fmt.Sprintf("the schema says that %s is %s by default, but values.yaml does not set it",
				d.Key, d.Default)
			finding.Fix = "Add the key to values.yaml, or remove it from the default in the schema, which Helm does not use."
			finding.Value = nil
		}
		p.Report(finding)
	}
}
