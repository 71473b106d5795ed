package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-unknown",
		Title: "Every object of a Kubernetes API group is of a version and kind that the group has",
		Why: "The API server does not know the kind, and Helm installs nothing of the release: it is misspelt, in another group " +
			"or version, or newer than the Kubernetes version.",
		Bad: `apiVersion: apps/v2
kind: Deployment`,
		Good: `apiVersion: apps/v1
kind: Deployment`,
		Severity:  Error,
		ByVersion: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Unknown, func(o *chart.Object, api kubeschema.API) (string, string) {
				message := fmt.Sprintf("%s: Kubernetes has no %s %s", o, o.APIVersion, o.Kind)
				if api.Suggestion != "" {
					message += fmt.Sprintf("; did you mean %s?", api.Suggestion)
				}
				return message, "Write the apiVersion and kind as `kubectl api-resources` lists them."
			})
			reportAPIs(p, kubeschema.NotYet, func(o *chart.Object, api kubeschema.API) (string, string) {
				return fmt.Sprintf("%s: there is no %s %s before Kubernetes %s", o, o.APIVersion, o.Kind, api.Since),
					"Render it only where `.Capabilities.APIVersions.Has` says that it is served, or require that version in Chart.yaml's kubeVersion."
			})
		},
	})
}
