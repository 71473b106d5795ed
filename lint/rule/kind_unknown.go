package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "kind-unknown",
		Title: "The schema of every rendered object is known",
		Why: "An object of a kind that is neither Kubernetes' own nor defined by the chart is not checked at all, and it installs only " +
			"where something else has brought its custom resource definition.",
		Bad: `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor # with no definition of it in crds/`,
		Good: `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor # with crds/servicemonitors.yaml`,
		Severity:  Info,
		ByVersion: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Foreign, func(o *chart.Object, _ kubeschema.API) (string, string) {
				return fmt.Sprintf("%s: no custom resource definition of %s %s is known, so its fields are not checked", o, o.APIVersion, o.Kind),
					"Add the definition to crds/, if the chart is to bring it."
			})
		},
	})
}
