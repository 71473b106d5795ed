package rule

func init() {
	register(&Rule{
		ID:    "requests-missing",
		Title: "Every container requests cpu and memory",
		Why: "The scheduler places a pod by its requests. Without them it fits every node, however full, and it is the first to " +
			"be starved or evicted there. The policy says what is required of which role: resources.required.",
		Bad: `containers:
  - name: app
    image: registry.example/app:1.0`,
		Good: `containers:
  - name: app
    image: registry.example/app:1.0
    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits: {cpu: 500m, memory: 512Mi}`,
		Severity: Error,
		Check:    func(p *Pass) { reportMissing(p, "requests") },
	})
}
