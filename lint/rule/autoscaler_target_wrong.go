package rule

import (
	"cmp"
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "autoscaler-target-wrong",
		Title: "Every autoscaler scales its own workload, by the right API group",
		Why: "A HorizontalPodAutoscaler finds its target by the API group and the kind as well as by the name. With a " +
			"wrong one it scales nothing. A DaemonSet or Job cannot be scaled, and two autoscalers of one workload block each " +
			"other. It is a warning if an autoscaler scales another workload than the one of its own name.",
		Bad: `scaleTargetRef:
  apiVersion: extensions/v1beta1
  kind: Deployment
  name: app`,
		Good: `scaleTargetRef:
  apiVersion: apps/v1
  kind: Deployment
  name: app`,
		Severity: Error,
		Check:    checkAutoscalerTargetWrong,
	})
}

func checkAutoscalerTargetWrong(p *Pass) {
	r := releaseOf(p)
	first := map[objectKey]*chart.Object{} // by target
	for _, o := range p.Rendered.Objects {
		if !isAutoscaler(o) {
			continue
		}
		ref := scaleTarget(o)
		target := r.objects[ref.to]
		switch {
		case ref.to.name == "" || o.Hook() != chart.NoHook:
		case target == nil:
			p.reportTargetKind(o, r.namesake(ref.to))
		case unscalable[target.Kind]:
			p.reportTarget(o, "kind", Error, fmt.Sprintf("%s scales %s, but a %s cannot be scaled", o, target, target.Kind),
				"Scale a Deployment or StatefulSet, or leave out the autoscaler.")
		case first[ref.to] != nil:
			p.reportTarget(o, "name", Error, fmt.Sprintf("%s scales %s, which %s already scales", o, target, first[ref.to]),
				"Correct the name, or put the metrics of both autoscalers into one.")
		default:
			first[ref.to] = o
			p.checkTargetName(r, o, target)
		}
	}
}

func isAutoscaler(o *chart.Object) bool {
	return o.Group() == "autoscaling" && o.Kind == "HorizontalPodAutoscaler"
}

// unscalable are the kinds of workloads without a scale subresource.
var unscalable = map[string]bool{"DaemonSet": true, "Job": true, "CronJob": true, "Pod": true}

func (p *Pass) reportTarget(autoscaler *chart.Object, field string, severity Severity, message, fix string) {
	p.Report(Finding{
		Severity: severity,
		Node:     autoscaler.Get("spec", "scaleTargetRef").Closest(field),
		Message:  message,
		Fix:      fix,
		Object:   autoscaler.String(),
	})
}

// namesake returns the workload of the name that a reference has, if the reference has a wrong group or kind.
func (r *release) namesake(key objectKey) *chart.Object {
	for _, w := range []objectKey{
		{group: "apps", kind: key.kind}, {group: "apps", kind: "Deployment"}, {group: "apps", kind: "StatefulSet"},
		{group: "apps", kind: "ReplicaSet"}, {kind: "ReplicationController"}, {group: "apps", kind: "DaemonSet"},
	} {
		w.namespace, w.name = key.namespace, key.name
		if o := r.objects[w]; o != nil {
			return o
		}
	}
	return nil
}

// reportTargetKind reports an autoscaler whose target has another API group or kind.
func (p *Pass) reportTargetKind(autoscaler, namesake *chart.Object) {
	if namesake == nil {
		return // reference-object-missing reports it
	}
	target := autoscaler.Get("spec", "scaleTargetRef")
	kind, apiVersion := target.Get("kind").Text(), cmp.Or(target.Get("apiVersion").Text(), `""`)
	field, wrong, right := "kind", "kind "+kind, namesake.Kind
	if kind == namesake.Kind {
		field, wrong, right = "apiVersion", "apiVersion "+apiVersion, namesake.APIVersion
	}
	p.reportTarget(autoscaler, field, Error,
		fmt.Sprintf("%s scales nothing: it looks for %s by %s, but that is a %s of %s",
			autoscaler, namesake.Name, wrong, namesake.Kind, namesake.APIVersion),
		fmt.Sprintf("Set scaleTargetRef.%s to %s.", field, right))
}

// checkTargetName reports an autoscaler that has the name of one workload and scales another.
func (p *Pass) checkTargetName(r *release, autoscaler, target *chart.Object) {
	if autoscaler.Name == target.Name {
		return
	}
	own := r.namesake(objectKey{namespace: autoscaler.Namespace(), name: autoscaler.Name})
	if own == nil || unscalable[own.Kind] {
		return
	}
	p.reportTarget(autoscaler, "name", Warning, fmt.Sprintf("%s scales %s instead of %s", autoscaler, target, own),
		fmt.Sprintf("Set scaleTargetRef.name to %s, or give the autoscaler the name of its target.", own.Name))
}
