package rule

func init() {
	register(&Rule{
		ID:    "values-schema-missing",
		Title: "The chart has a values.schema.json",
		Why: "Without a schema, Helm accepts any values: a misspelled key, or a string instead of a number, goes unnoticed " +
			"until the release misbehaves.",
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
		Practice: true,
		Check:    checkValuesSchemaMissing,
	})
}

// checkValuesSchemaMissing ignores library charts. They are never installed, and the charts that use them describe the
// values.
func checkValuesSchemaMissing(p *Pass) {
	if p.Chart.HasSchema() || p.Chart.IsLibrary() {
		return
	}
	p.Report(Finding{
		Position: p.Chart.ValuesFile(),
		Message:  "the chart has no values.schema.json, so Helm accepts any values",
		Fix: "Add values.schema.json beside Chart.yaml, a draft of which --write-schema writes; see " +
			"https://helm.sh/docs/topics/charts/#schema-files.",
	})
}
