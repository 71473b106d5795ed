package steps

import (
	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/helm"
)

// plan is the result of reading a scenario before it runs.
type plan struct {
	serial          bool
	networkPolicies bool
	effects         Effects  // of all steps
	namespaces      []string // that steps name
}

// plan reads the tags and steps of a scenario, and its Helm command lines with runner. The tag Containers has the
// effect NeedsContainers.
func (v *Vocabulary) plan(about *godog.Scenario, runner helm.Helm) plan {
	p := plan{serial: hasTag(about, Serial), networkPolicies: hasTag(about, NetworkPolicies)}
	if hasTag(about, Containers) {
		p.effects = NeedsContainers
	}
	for _, step := range v.steps.Matches(about.Steps) {
		p.effects |= step.Row.Effects
		p.namespaces = append(p.namespaces, step.Arguments("NAMESPACE")...)
		if step.Row.Effects.Has(RunsHelm) {
			for _, line := range step.Arguments("COMMAND") {
				p.addHelm(runner, line)
			}
		}
	}
	return p
}

// addHelm adds the effects and the namespace of a Helm command line. One that cannot be parsed fails when it runs.
func (p *plan) addHelm(runner helm.Helm, line string) {
	words, _, err := expand(line, "release", "chart")
	if err != nil {
		return
	}
	invocation, err := runner.Parse(words)
	if err != nil {
		return
	}
	if invocation.Command == "upgrade" || invocation.Command == "rollback" {
		p.effects |= ReplacesPods
	}
	if invocation.Namespace != "" {
		p.namespaces = append(p.namespaces, invocation.Namespace)
	}
}
