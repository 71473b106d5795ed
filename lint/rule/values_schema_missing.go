package rule

func init() {
	register(&Rule{
		ID:    "values-schema-missing",
		Title: "The chart has a values.schema.json",
		Why: "Without a schema Helm takes any values: a misspelt key or a string for a number is not noticed until the release " +
			"misbehaves, if then.",
		Bad: `mychart/
├── Chart.yaml
├── values.yaml
└── templates/`,
		Good: `mychart/
├── Chart.yaml
├── values.yaml
├── values.schema.json
└── templates/`,
		Severity: Error,
		Check:    checkValuesSchemaMissing,
	})
}

// A library chart is never installed: those that use it describe its values.
func checkValuesSchemaMissing(p *Pass) {
	if p.Chart.HasSchema() || p.Chart.IsLibrary() {
		return
	}
	p.Report(Finding{
		Position: p.Chart.ValuesFile(),
		Message:  "the chart has no values.schema.json, so Helm accepts any values",
		Fix:      "Describe the values in values.schema.json, beside Chart.yaml; see https://helm.sh/docs/topics/charts/#schema-files.",
	})
}
