package rule

func init() {
	register(&Rule{
		ID:    "limits-missing",
		Title: "Every container limits cpu and memory",
		Why: "A container without limits takes what the node has: one leak or busy loop starves everything that runs beside it, and " +
			"a namespace with a quota refuses it. The policy says what is required of which role: resources.required.",
		Bad: `containers:
  - name: app
    image: registry.example/app:1.0
    resources:
      requests: {cpu: 100m, memory: 128Mi}`,
		Good: `containers:
  - name: app
    image: registry.example/app:1.0
    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits: {cpu: 500m, memory: 512Mi}`,
		Severity: Error,
		Check:    func(p *Pass) { reportMissing(p, "limits") },
	})
}
