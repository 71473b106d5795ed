package rule

func init() {
	register(&Rule{
		ID:    "manifest-invalid",
		Title: "Every rendered document is a Kubernetes object in valid YAML",
		Why:   "Helm refuses the release if one document does not parse, or lacks apiVersion or kind.",
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
			Fix:      "Check the output of `helm template` for wrong indentation and for line breaks that {{- trims.",
		})
	}
}
