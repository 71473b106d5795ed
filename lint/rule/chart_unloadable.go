package rule

// ChartUnloadable is the ID of the rule for charts that Helm cannot load.
const ChartUnloadable = "chart-unloadable"

func init() {
	register(&Rule{
		ID:    ChartUnloadable,
		Title: "Helm can load the chart",
		Why: "Helm refuses a chart with a values.yaml, a Chart.yaml or an archive that it cannot read. Nothing else in it " +
			"is checked. The other charts are linted all the same.",
		Bad: `# Chart.yaml
name: app`,
		Good: `# Chart.yaml
apiVersion: v2
name: app
version: 1.0.0`,
		Severity: Error,
		Check:    func(*Pass) {}, // the linter reports it instead of the other rules
	})
}
