package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "hook-order",
		Title: "Hooks need nothing that is made after them",
		Why: "Helm runs pre-install hooks before it makes the objects of the release, and post-delete hooks after it " +
			"deletes them. The pods of such a hook wait for their ServiceAccount, ConfigMap or Secret until the time " +
			"is up, and the installation fails.",
		Bad: `kind: Job
metadata:
  annotations: {helm.sh/hook: pre-install}
spec: {template: {spec: {serviceAccountName: migration}}}
---
kind: ServiceAccount
metadata: {name: migration}`,
		Good: `kind: Job
metadata:
  annotations: {helm.sh/hook: pre-install}
spec: {template: {spec: {serviceAccountName: migration}}}
---
kind: ServiceAccount
metadata:
  name: migration
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "-1"}`,
		Severity: Error,
		Check:    checkHookOrder,
	})
}

func checkHookOrder(p *Pass) {
	objects := map[objectKey][]*chart.Object{}
	for _, o := range p.Rendered.Objects {
		objects[keyOf(o)] = append(objects[keyOf(o)], o)
	}
	for _, hook := range p.Rendered.Objects {
		events := hookEvents(hook)
		if len(events) == 0 || !hook.PodSpec().Exists() {
			continue
		}
		seen := map[objectKey]bool{}
		for _, ref := range podReferences(hook) {
			needed := objects[ref.to.normalized()]
			if ref.atMost != 0 || seen[ref.to] || len(needed) == 0 {
				continue
			}
			seen[ref.to] = true
			if event, when := lateFor(hook, events, needed); event != "" {
				p.Report(Finding{
					Node:      ref.node,
					Message:   fmt.Sprintf("the %s hook %s needs %s, which %s", event, hook, ref.to, when),
					Fix:       hookOrderFix(event, ref.to),
					Object:    hook.String(),
					Container: ref.container,
				})
			}
		}
	}
}

// lateFor returns the event in which a hook runs while none of the objects that it needs exists, and why.
func lateFor(hook *chart.Object, events []string, needed []*chart.Object) (event, when string) {
	for _, event := range []string{"pre-install", "post-delete"} {
		if !slices.Contains(events, event) {
			continue
		}
		reasons := []string{}
		for _, o := range needed {
			if reason := missingIn(event, hook, o); reason != "" {
				reasons = append(reasons, reason)
			}
		}
		if len(reasons) == len(needed) {
			return event, reasons[0]
		}
	}
	return "", ""
}

// missingIn returns why an object does not exist when a hook runs; "" if it may exist.
func missingIn(event string, hook, o *chart.Object) string {
	events := hookEvents(o)
	switch {
	case o.Hook() == chart.NoHook && event == "pre-install":
		return "Helm makes after it"
	case o.Hook() == chart.NoHook && o.Get("metadata", "annotations", "helm.sh/resource-policy").Text() != "keep":
		return "Helm has deleted before it"
	case event == "pre-install" && slices.Contains(events, event) && hookWeight(o) > hookWeight(hook):
		return fmt.Sprintf("is a hook of a higher weight, %d, and so made after it", hookWeight(o))
	case event == "pre-install" && len(events) > 0 && !slices.Contains(events, event):
		return "is a " + strings.Join(events, ",") + " hook, and so made after it"
	}
	return ""
}

// hookEvents returns the events that an object is a hook of.
func hookEvents(o *chart.Object) []string {
	var events []string
	for event := range strings.SplitSeq(o.Get("metadata", "annotations", "helm.sh/hook").Text(), ",") {
		if event = strings.ToLower(strings.TrimSpace(event)); event != "" {
			events = append(events, event)
		}
	}
	return events
}

// hookWeight returns the weight of a hook. Like Helm it takes a weight that is no number as 0.
func hookWeight(o *chart.Object) int {
	weight, _ := strconv.Atoi(o.Get("metadata", "annotations", "helm.sh/hook-weight").Text())
	return weight
}

func hookOrderFix(event string, needed objectKey) string {
	if event == "post-delete" {
		return fmt.Sprintf("Make it a pre-delete hook, or make a %s of its own as a post-delete hook of a lower weight.",
			needed.kind)
	}
	return fmt.Sprintf("Make it a post-install hook, or make the %s a pre-install hook of a lower weight.", needed.kind)
}
