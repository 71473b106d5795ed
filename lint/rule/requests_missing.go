package rule

func init() {
	register(&Rule{
		ID:    "requests-missing",
		Title: "Every container has cpu and memory requests",
		Why: "The scheduler places a pod by its requests. A pod without requests fits on any node, however full, and is " +
			"the first to be starved or evicted. resources.required in the configuration says which requests each role " +
			"needs.",
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
		Practice: true,
		Check:    func(p *Pass) { reportMissing(p, "requests") },
	})
}
