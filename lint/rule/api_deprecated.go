package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-deprecated",
		Title: "No rendered object uses an API that the Kubernetes version deprecates",
		Why: "A deprecated API still works, but a later Kubernetes version removes it. An upgrade of the cluster then " +
			"breaks the release.",
		Bad: `apiVersion: storage.k8s.io/v1beta1
kind: VolumeAttributesClass`,
		Good: `apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass`,
		Severity:         Warning,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Served, func(o *chart.Object, api kubeschema.API) Finding {
				if api.Deprecated == "" {
					return Finding{}
				}
				message := fmt.Sprintf("%s uses %s %s, which is deprecated since Kubernetes %s",
					o, o.APIVersion, o.Kind, api.Deprecated)
				if api.Removed != "" {
					message += " and removed in " + api.Removed
				}
				return Finding{Message: message, Fix: replacementFix(api)}
			})
		},
	})
}
