package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-unknown",
		Title: "Every Kubernetes API that the chart uses exists",
		Why: "The API server does not recognize the kind, so Helm installs nothing. The kind is misspelled, belongs to " +
			"another group or version, or is newer than the Kubernetes version.",
		Bad: `apiVersion: apps/v2
kind: Deployment`,
		Good: `apiVersion: apps/v1
kind: Deployment`,
		Severity:         Error,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Unknown, func(o *chart.Object, api kubeschema.API) Finding {
				message := fmt.Sprintf("%s: Kubernetes has no %s %s", o, o.APIVersion, o.Kind)
				if api.Suggestion != "" {
					message += fmt.Sprintf("; did you mean %s?", api.Suggestion)
				}
				return Finding{Message: message, Fix: "Use an apiVersion and kind that `kubectl api-resources` lists."}
			})
			reportAPIs(p, kubeschema.NotYet, func(o *chart.Object, api kubeschema.API) Finding {
				return Finding{
					Message: fmt.Sprintf("%s uses %s %s, which is not served before Kubernetes %s",
						o, o.APIVersion, o.Kind, api.Since),
					Fix: "Render it only if `.Capabilities.APIVersions.Has` reports the API, or set kubeVersion in Chart.yaml.",
				}
			})
		},
	})
}
