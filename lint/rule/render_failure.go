package rule

func init() {
	register(&Rule{
		ID:       "render-failure",
		Title:    "The chart renders with its default values",
		Why:      "What does not render cannot be installed: Helm stops at the first template that does not parse or fails.",
		Bad:      `replicas: {{ .Values.replicaCount }`,
		Good:     `replicas: {{ .Values.replicaCount }}`,
		Severity: Error,
		Check:    checkRenderFailure,
	})
}

func checkRenderFailure(p *Pass) {
	for _, f := range p.Rendered.RenderFailures {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Mend it until `helm template` renders the chart.",
		})
	}
}
