package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubeschema"
)

func init() {
	register(&Rule{
		ID:    "api-removed",
		Title: "No rendered object is of an API that the Kubernetes version has removed",
		Why: "The API server of that version does not know the kind, and Helm installs nothing of the release. A release that " +
			"was made before an upgrade cannot be upgraded or uninstalled after it.",
		Bad: `apiVersion: extensions/v1beta1
kind: Ingress`,
		Good: `apiVersion: networking.k8s.io/v1
kind: Ingress`,
		Severity:  Error,
		ByVersion: true,
		Check: func(p *Pass) {
			reportAPIs(p, kubeschema.Removed, func(o *chart.Object, api kubeschema.API) (string, string) {
				return fmt.Sprintf("%s: Kubernetes %s removed %s %s", o, api.Removed, o.APIVersion, o.Kind), moveTo(api)
			})
		},
	})
}

// reportAPIs reports the objects whose API has a status; say gives the message, empty for none, and the fix.
func reportAPIs(p *Pass, status kubeschema.Status, say func(*chart.Object, kubeschema.API) (message, fix string)) {
	version, err := kubeschema.ParseVersion(p.KubeVersion)
	if err != nil {
		return // the linter takes none that is no version
	}
	crds := definitions(p)
	for _, o := range p.Rendered.Objects {
		api := version.API(o.APIVersion, o.Kind)
		if api.Status != status || crds.Defines(o.APIVersion, o.Kind) {
			continue
		}
		if message, fix := say(o, api); message != "" {
			p.Report(Finding{Node: o.Get("apiVersion"), Message: message, Fix: fix, Object: o.String()})
		}
	}
}

// moveTo says what to use instead of an API.
func moveTo(api kubeschema.API) string {
	if api.Replacement == "" {
		return "Nothing replaces it: do without it, or render it only where `.Capabilities.APIVersions.Has` says that it is served."
	}
	return fmt.Sprintf("Use %s; its fields may be others.", api.Replacement)
}
