package rule

func init() {
	register(&Rule{
		ID:    "limits-missing",
		Title: "Every container has cpu and memory limits",
		Why: "A container without limits can use everything that the node has: one leak or busy loop starves the other " +
			"pods, and a namespace with a quota rejects the pod. resources.required in the configuration says which " +
			"limits each role needs.",
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
		Practice: true,
		Check:    func(p *Pass) { reportMissing(p, "limits") },
	})
}
