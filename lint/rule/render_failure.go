package rule

import "slices"

func init() {
	register(&Rule{
		ID:        "render-failure",
		Title:     "The chart renders with every values set on every Kubernetes version",
		Why:       "What does not render cannot be installed: Helm stops at the first template that does not parse or fails.",
		Bad:       `replicas: {{ .Values.replicaCount }`,
		Good:      `replicas: {{ .Values.replicaCount }}`,
		Severity:  Error,
		ByVersion: true, // Chart.yaml's kubeVersion
		Check:     checkRenderFailure,
	})
}

func checkRenderFailure(p *Pass) {
	for _, f := range slices.Concat(p.Chart.KubeVersionFailures(p.KubeVersion), p.Rendered.RenderFailures) {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Mend it until `helm template` renders the chart.",
		})
	}
}
