package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-deprecated",
		Title: "No rendered object is of an API that the Kubernetes version has deprecated",
		Why:   "It still works, and a later version will refuse it: the upgrade of the cluster then breaks the release.",
		Bad: `apiVersion: storage.k8s.io/v1beta1
kind: VolumeAttributesClass`,
		Good: `apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass`,
		Severity:  Warning,
		ByVersion: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Served, func(o *chart.Object, api kubeschema.API) (string, string) {
				if api.Deprecated == "" {
					return "", ""
				}
				message := fmt.Sprintf("%s: Kubernetes %s deprecated %s %s", o, api.Deprecated, o.APIVersion, o.Kind)
				if api.Removed != "" {
					message += ", and " + api.Removed + " removes it"
				}
				return message, moveTo(api)
			})
		},
	})
}
