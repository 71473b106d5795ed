package rule

func init() {
	register(&Rule{
		ID:    "dependency-missing",
		Title: "Every dependency that the chart declares is in its charts folder",
		Why: "Helm refuses to install the chart. Templates that include from the dependency fail, and the objects of the " +
			"dependency are not linted.",
		Bad: `mychart/
├── Chart.yaml    # dependencies: [{name: redis, version: 1.2.3, repository: "https://charts.example"}]
└── templates/`,
		Good: `mychart/
├── Chart.yaml    # dependencies: [{name: redis, version: 1.2.3, repository: "https://charts.example"}]
├── Chart.lock
├── charts/redis-1.2.3.tgz
└── templates/`,
		Severity: Error,
		Check:    checkDependencyMissing,
	})
}

func checkDependencyMissing(p *Pass) {
	for _, missing := range p.Chart.MissingDependencies() {
		p.Report(Finding{
			Position: missing.Position,
			Message:  missing.Message,
			Fix:      "Run `helm dependency build`, then lint again.",
		})
	}
}
