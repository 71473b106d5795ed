// Package policy holds the configuration of the linter: which rules run and how severe their findings are, what
// containers must request, which values sets and Kubernetes versions are linted, and which findings are accepted.
// [Load] reads it from a file; docs/chartlint.schema.json describes the file to editors.
package policy

import (
	"path"
	"time"

	"github.com/traderadmin/charts/internal/chart"
)

// Policy is the configuration of the linter. Keys that the file omits have their default values.
type Policy struct {
	// Profile says how severe the rules are that demand good practices: minimal turns them off, recommended lowers errors
	// to warnings and warnings to infos, and strict does neither. The default is recommended.
	Profile Profile `yaml:"profile,omitempty"`
	// Rules are the severities of the findings of rules, by the ID of the rule. A rule that is off does not run.
	Rules map[string]Severity `yaml:"rules,omitempty"`
	// Resources are the bounds on what containers and whole releases request.
	Resources Resources `yaml:"resources,omitempty"`
	// Practices are the checks of kube-score that run: true for the usual ones, or a list such as
	// [kube-score/pod-probes].
	Practices Practices `yaml:"practices,omitempty"`
	// API runs the API server's own validation over all objects, without a cluster; see the rule api-refuses.
	API bool `yaml:"api,omitempty"`
	// CustomRules are rules of one's own, besides the built-in ones.
	CustomRules []CustomRule `yaml:"customRules,omitempty"`
	// PodSecurity is the level of the Pod Security Standards that all pods must meet: privileged, baseline or restricted;
	// or a map from the names of values sets to levels, in which * matches any text. The default demands nothing.
	PodSecurity PodSecurity `yaml:"podSecurity,omitempty"`
	// ValuesSets are linted in addition to the chart's default values, its values-*.yaml and its ci/*-values.yaml.
	ValuesSets []ValuesSet `yaml:"valuesSets,omitempty"`
	// KubeVersions are the Kubernetes versions to lint for, such as "1.37". The default is the last four minor versions.
	KubeVersions []string `yaml:"kubeVersions,omitempty"`
	// Probes limits the renderings with values that the chart offers and no values set has, or is off. The default is
	// twice the number of renderings with the values sets, but at least 12 and at most 30.
	Probes Probes `yaml:"probes,omitempty"`
	// Draws is the number of values that are drawn from the schemas of the chart and rendered, or off, the default; see
	// the rules values-schema-allows-too-much and values-schema-refuses-nothing.
	Draws Draws `yaml:"draws,omitempty"`
	// Suppressions are the findings that are accepted.
	Suppressions []Suppression `yaml:"suppressions,omitempty"`

	// File is the path of the configuration file. It is empty for the default configuration.
	File string `yaml:"-"`
}

// ValuesSet is one way to deploy a chart: values that override the chart's own.
type ValuesSet struct {
	// Name is the name of the set in findings.
	Name string `yaml:"name" required:"true"`
	// Files are values files, relative to the configuration file. Later files override earlier ones.
	Files []string `yaml:"files,omitempty"`
	// Set are single values, such as "image.tag=1.2", in the syntax of `helm install --set`. They override the files.
	Set []string `yaml:"set,omitempty"`

	// Position is the position of the set in the configuration file.
	Position chart.Position `yaml:"-"`
}

// Suppression accepts findings of one rule. In object, container and valuesSet, * matches any text without a slash.
type Suppression struct {
	// Rule is the ID of the rule.
	Rule string `yaml:"rule" required:"true"`
	// Object is the object, such as "Deployment/redis". The default is every object.
	Object string `yaml:"object,omitempty"`
	// Container is the name of the container. The default is every container.
	Container string `yaml:"container,omitempty"`
	// ValuesSet is the name of the values set. The default is every values set.
	ValuesSet string `yaml:"valuesSet,omitempty"`
	// Reason says why the findings are accepted.
	Reason string `yaml:"reason" required:"true"`
	// Until is the last day of the suppression, such as 2027-01-31. By default it does not expire.
	Until Date `yaml:"until,omitempty"`

	// Position is the position of the suppression in the configuration file.
	Position chart.Position `yaml:"-"`
}

// Default returns the configuration of a chart without a configuration file.
func Default() *Policy {
	return &Policy{Resources: DefaultResources()}
}

// Severity returns the severity that the policy gives to the rule with an ID. If it gives none, Severity returns own,
// or for a practice the severity of the profile.
func (p *Policy) Severity(rule string, own Severity, practice bool) Severity {
	if s := p.Rules[rule]; s != unset {
		return s
	}
	if practice {
		return p.Profile.PracticeSeverity(own)
	}
	return own
}

// Matches reports whether the suppression is for findings of a rule in an object, a container and a values set. Object
// and container are empty for findings that are not about one.
func (s *Suppression) Matches(rule, object, container, valuesSet string) bool {
	return s.Rule == rule &&
		matches(s.Object, object) && matches(s.Container, container) && matches(s.ValuesSet, valuesSet)
}

func matches(pattern, name string) bool {
	matched, _ := path.Match(pattern, name) // Load rejects invalid patterns
	return pattern == "" || matched
}

// Expired reports whether the last day of the suppression has passed.
func (s *Suppression) Expired(now time.Time) bool {
	return !s.Until.IsZero() && now.Format(time.DateOnly) > s.Until.String()
}
