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
		Why: "An object whose kind is neither built into Kubernetes nor defined by the chart is not checked. It can only " +
			"be installed where something else provides its custom resource definition.",
		Bad: `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor # crds/ has no definition of it`,
		Good: `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor # crds/servicemonitors.yaml defines it`,
		Severity:         Info,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Foreign, func(o *chart.Object, _ kubeschema.API) Finding {
				return Finding{
					Message: fmt.Sprintf("%s is not checked: no custom resource definition of %s %s is known",
						o, o.APIVersion, o.Kind),
					Fix: "Add the definition to crds/ if the chart should provide it, or pass its folder with --crds.",
					Several: fmt.Sprintf("{count} objects of the kind %s %s are not checked, because no custom resource "+
						"definition of it is known: {parts}", o.APIVersion, o.Kind),
					Part: o.String(),
				}
			})
		},
	})
}
