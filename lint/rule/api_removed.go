package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-removed",
		Title: "No rendered object uses an API that the Kubernetes version has removed",
		Why: "The API server does not recognize the kind, so Helm installs nothing. A release that was installed before " +
			"the cluster was upgraded can be neither upgraded nor uninstalled afterwards.",
		Bad: `apiVersion: extensions/v1beta1
kind: Ingress`,
		Good: `apiVersion: networking.k8s.io/v1
kind: Ingress`,
		Severity:         Error,
		VersionDependent: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Removed, func(o *chart.Object, api kubeschema.API) Finding {
				message := fmt.Sprintf("%s uses %s %s, which Kubernetes %s removed", o, o.APIVersion, o.Kind, api.Removed)
				return Finding{Message: message, Fix: replacementFix(api)}
			})
		},
	})
}

// reportAPIs reports the objects whose API has a status. describe returns a finding with a message and a fix, or none.
func reportAPIs(p *Pass, status kubeschema.Status, describe func(*chart.Object, kubeschema.API) Finding) {
	version, err := kubeschema.ParseVersion(p.KubeVersion)
	if err != nil {
		return // the linter has checked it
	}
	crds := definitions(p)
	for _, o := range p.Rendered.Objects {
		api := version.API(o.APIVersion, o.Kind)
		if api.Status != status || crds.Defines(o.APIVersion, o.Kind) {
			continue
		}
		if f := describe(o, api); f.Message != "" {
			f.Node, f.Object = o.Get("apiVersion"), o.String()
			p.Report(f)
		}
	}
}

func replacementFix(api kubeschema.API) string {
	if api.Replacement == "" {
		return "There is no replacement: remove it, or render it only if `.Capabilities.APIVersions.Has` reports the API."
	}
	return fmt.Sprintf("Use %s; its fields may differ.", api.Replacement)
}
