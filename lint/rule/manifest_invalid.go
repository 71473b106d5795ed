package rule

func init() {
	register(&Rule{
		ID:    "manifest-invalid",
		Title: "Every rendered document is YAML and a Kubernetes object",
		Why:   "Helm refuses a release of which one document does not parse or has no apiVersion and kind.",
		Bad: `        resources:
          {{- toYaml .Values.resources | indent 10 }}`,
		Good: `        resources:
          {{- toYaml .Values.resources | nindent 10 }}`,
		Severity: Error,
		Check:    checkManifestInvalid,
	})
}

func checkManifestInvalid(p *Pass) {
	for _, f := range p.Rendered.ManifestFailures {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Look at what `helm template` prints there; a wrong indent or a line end trimmed by {{- is the usual cause.",
		})
	}
}
