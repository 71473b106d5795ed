package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "rollout-strategy-invalid",
		Title: "The settings of a rolling update belong to a rolling update, and let it proceed",
		Why: "The API server rejects a Deployment with the type Recreate, or a StatefulSet with the type OnDelete, that " +
			"has rollingUpdate, even if it is empty. A values file that sets only the type keeps the rollingUpdate of the " +
			"default values. The API server also rejects a rolling update that may neither add nor remove a pod.",
		Bad: `strategy:
  type: Recreate
  rollingUpdate: {}`,
		Good: `strategy:
  type: Recreate`,
		Severity: Error,
		Refused:  true,
		Check:    checkRolloutStrategyInvalid,
	})
}

// checkRolloutStrategyInvalid follows ValidateDeploymentStrategy and validateStatefulSetSpec in
// pkg/apis/apps/validation/validation.go.
func checkRolloutStrategyInvalid(p *Pass) {
	for _, o := range p.Rendered.Objects {
		if o.Group() != "apps" {
			continue
		}
		switch strategy := o.Get("spec", strategyField(o)); {
		case o.Kind == "Deployment" && strategy.Get("type").Text() == "Recreate",
			o.Kind == "StatefulSet" && strategy.Get("type").Text() == "OnDelete":
			p.reportRollingUpdate(o, strategy)
		case o.Kind == "Deployment", o.Kind == "DaemonSet" && strategy.Get("type").Text() != "OnDelete":
			p.reportStuckUpdate(o, strategy.Get("rollingUpdate"))
		}
	}
}

func strategyField(o *chart.Object) string {
	if o.Kind == "Deployment" {
		return "strategy"
	}
	return "updateStrategy"
}

func (p *Pass) reportRollingUpdate(o *chart.Object, strategy chart.Node) {
	rollingUpdate := strategy.Get("rollingUpdate")
	if !rollingUpdate.Exists() {
		return
	}
	typ := strategy.Get("type").Text()
	p.Report(Finding{
		Node: rollingUpdate,
		Message: fmt.Sprintf("%s has the strategy %s together with rollingUpdate, which the API server rejects",
			o, typ),
		Fix: fmt.Sprintf("Render rollingUpdate only if the type is RollingUpdate, or set it to null in the values that "+
			"set %s.", typ),
		Object: o.String(),
	})
}

func (p *Pass) reportStuckUpdate(o *chart.Object, rollingUpdate chart.Node) {
	surge, unavailable := rollingUpdate.Get("maxSurge"), rollingUpdate.Get("maxUnavailable")
	noSurge := isNone(surge) || o.Kind == "DaemonSet" && !surge.Exists()
	if !noSurge || !isNone(unavailable) {
		return
	}
	p.Report(Finding{
		Node: unavailable,
		Message: fmt.Sprintf("the rolling update of %s may neither add nor remove a pod: "+
			"maxSurge and maxUnavailable are 0", o),
		Fix:    "Raise maxSurge or maxUnavailable to at least 1.",
		Object: o.String(),
		Field:  "spec." + strategyField(o) + ".rollingUpdate",
	})
}

// isNone reports whether a value is the number or percentage 0.
func isNone(n chart.Node) bool { return n.Text() == "0" || n.Text() == "0%" }
