package rule

import "slices"

func init() {
	register(&Rule{
		ID:               "render-failure",
		Title:            "The chart renders with every values set and on every Kubernetes version",
		Why:              "Helm stops at the first template that does not parse or fails, so the chart cannot be installed.",
		Bad:              `replicas: {{ .Values.replicaCount }`,
		Good:             `replicas: {{ .Values.replicaCount }}`,
		Severity:         Error,
		VersionDependent: true, // because of kubeVersion in Chart.yaml
		Check:            checkRenderFailure,
	})
}

func checkRenderFailure(p *Pass) {
	for _, f := range slices.Concat(p.Chart.KubeVersionFailures(p.KubeVersion), p.Rendered.RenderFailures) {
		p.Report(Finding{
			Position: f.Position,
			Message:  f.Message,
			Fix:      "Change the template or the values until `helm template` succeeds.",
		})
	}
}
