// Package policy is what a team asks of its charts: which rules run and how much they matter, what resources may look like, which
// values sets and Kubernetes versions charts are deployed with, and which findings are accepted, why and until when. [Load]
// reads it from a file; docs/chartlint.schema.json describes that file for editors.
package policy

import (
	"path"
	"time"

	"github.com/traderadmin/charts/internal/chart"
)

// Policy is what a configuration file says, with defaults for all that it does not.
type Policy struct {
	// Rules give all findings of a rule a severity, by its ID: error, warning, info, or off for a rule that is not to run.
	Rules map[string]Severity `yaml:"rules,omitempty"`
	// Resources are what containers, and the release as a whole, may ask of a cluster.
	Resources Resources `yaml:"resources,omitempty"`
	// Practices are the checks of kube-score that run: true for the usual ones, or a list such as [kube-score/pod-probes].
	Practices Practices `yaml:"practices,omitempty"`
	// ValuesSets are deployed besides the chart's default values, its values-*.yaml and its ci/*-values.yaml.
	ValuesSets []ValuesSet `yaml:"valuesSets,omitempty"`
	// KubeVersions are the Kubernetes versions to lint for, such as "1.37"; none are the last four minor versions.
	KubeVersions []string `yaml:"kubeVersions,omitempty"`
	// Suppressions accept findings.
	Suppressions []Suppression `yaml:"suppressions,omitempty"`

	// File is the file that the policy was loaded from; empty for the defaults.
	File string `yaml:"-"`
}

// ValuesSet is a way to deploy a chart: values given on top of its own.
type ValuesSet struct {
	// Name is what findings call the set.
	Name string `yaml:"name" required:"true"`
	// Files are values files, relative to the configuration file; each overrides those before it.
	Files []string `yaml:"files,omitempty"`
	// Set are single values, such as "image.tag=1.2", as `helm install --set` takes them. They override the files.
	Set []string `yaml:"set,omitempty"`

	// Position is the set's place in the configuration file.
	Position chart.Position `yaml:"-"`
}

// Suppression accepts the findings of a rule. In object, container and valuesSet, * stands for any text without a slash.
type Suppression struct {
	// Rule is the ID of the rule.
	Rule string `yaml:"rule" required:"true"`
	// Object is the object that it is accepted for, such as "Deployment/redis"; left out, all that the rule finds.
	Object string `yaml:"object,omitempty"`
	// Container is the name of the container that it is accepted for; left out, all of them.
	Container string `yaml:"container,omitempty"`
	// ValuesSet is the name of the values set that it is accepted with; left out, all of them.
	ValuesSet string `yaml:"valuesSet,omitempty"`
	// Reason says why it is accepted.
	Reason string `yaml:"reason" required:"true"`
	// Until is the last day on which it is accepted, such as 2027-01-31; left out, for good.
	Until Date `yaml:"until,omitempty"`

	// Position is the suppression's place in the configuration file.
	Position chart.Position `yaml:"-"`
}

// Default is the policy where no file says anything.
func Default() *Policy {
	return &Policy{Resources: DefaultResources()}
}

// Severity is that of a rule: what the policy says, else the rule's own.
func (p *Policy) Severity(rule string, own Severity) Severity {
	if s := p.Rules[rule]; s != unset {
		return s
	}
	return own
}

// Matches says whether the suppression is about such a finding. Object and container are empty where it is about none.
func (s *Suppression) Matches(rule, object, container, valuesSet string) bool {
	return s.Rule == rule &&
		matches(s.Object, object) && matches(s.Container, container) && matches(s.ValuesSet, valuesSet)
}

func matches(pattern, name string) bool {
	matched, _ := path.Match(pattern, name) // Load refuses what is no pattern
	return pattern == "" || matched
}

// Expired says whether the suppression no longer holds.
func (s *Suppression) Expired(now time.Time) bool {
	return !s.Until.IsZero() && now.Format(time.DateOnly) > s.Until.String()
}
