package rule

func init() {
	register(&Rule{
		ID:    "dependency-missing",
		Title: "The charts folder holds every dependency that the chart lists",
		Why:   "Helm refuses to install the chart. What the dependency renders is not linted either, and templates that include from it fail.",
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
			Fix:      "Run `helm dependency build`, and lint again.",
		})
	}
}
