package linter

import (
	"cmp"
	"slices"
	"time"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// Result is the outcome of a run.
type Result struct {
	// Charts are the linted charts, in the order of the paths that were given.
	Charts []Chart `json:"charts"`
	// Rules are the IDs of the rules that ran, sorted.
	Rules []string `json:"rules"`
	// Findings are sorted by chart, in the order of Charts, then by file, line and rule.
	Findings []Finding `json:"findings"`
	// Duration is the wall-clock time of the run.
	Duration time.Duration `json:"-"`

	own []*rule.Rule // Options.Rules, and those of the configurations
}

// Chart is a linted chart. It is linted with each of its values sets for each of its Kubernetes versions.
type Chart struct {
	Path    string `json:"path"` // as given to Run
	Name    string `json:"name"`
	Version string `json:"version"`
	// ValuesSets are the names of the values sets. The first is the default values.
	ValuesSets []string `json:"valuesSets"`
	// KubeVersions are the Kubernetes versions, such as v1.37.2, the oldest first.
	KubeVersions []string `json:"kubeVersions"`
}

// Finding is one violation of a rule. Findings that differ only in the variant of the chart are merged into one.
// Findings are comparable with ==.
type Finding struct {
	// Chart is the path of the chart, as given to [Run].
	Chart string `json:"chart,omitempty"`
	// Rule is the ID of the rule.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Position Position `json:"position"`
	// Message says what is wrong. It names the object and the container.
	Message string `json:"message"`
	// Fix is a sentence that says how to fix it.
	Fix string `json:"fix"`
	// Object is the Kubernetes object, such as Deployment/redis; empty if the finding is not about one.
	Object string `json:"object,omitempty"`
	// Container is the name of the container; empty if the finding is not about one.
	Container string `json:"container,omitempty"`
	// Value is the key of the chart's values that causes the finding. It is zero unless that is certain.
	Value Value `json:"value,omitzero"`
	// Variants names the variants of the chart that have the finding, such as "values-production.yaml on Kubernetes
	// 1.36+"; empty if all of them do.
	Variants string `json:"variants,omitempty"`
	// Probe are the values with which the finding occurs, if none of the values sets has it. Variants are their flags
	// then.
	Probe Probe `json:"probe,omitzero"`

	// Count is the number of violations if the finding stands for several of one cause. Message names the first of them.
	Count int `json:"count,omitempty"`

	demand        bool      // see rule.Finding
	needs         rule.Bump // see rule.Finding; not set in results
	field         string    // see rule.Finding; not set in results
	several, part string    // see rule.Finding
}

// Severity says how much a finding matters.
type Severity = policy.Severity

// The severities of findings.
const (
	Info    = policy.Info    // worth knowing
	Warning = policy.Warning // probably a mistake
	Error   = policy.Error   // a mistake
)

// Position is a place in a file. Its path begins with the path that was given to [Run]; it leads into an archive, as
// in shop-1.0.0.tgz/values.yaml, if the chart is one.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`   // from 1; 0 if unknown
	Column int    `json:"column,omitempty"` // in characters, from 1; 0 if unknown
}

// String returns file, file:line or file:line:column, which terminals and editors can open.
func (p Position) String() string { return chart.Position(p).String() }

// Value is a key of the chart's values.
type Value struct {
	// Position is the key in the values file that sets it last.
	Position Position `json:"position"`
	// Key is the path of the key, such as resources.limits.cpu.
	Key string `json:"key"`
}

// Count returns the number of findings of a severity.
func (r *Result) Count(severity Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// Rule returns the documentation of the rule of an ID, or nil if there is no such rule.
func (r *Result) Rule(id string) *rule.Rule {
	if i := slices.IndexFunc(r.own, func(own *rule.Rule) bool { return own.ID == id }); i >= 0 {
		return r.own[i]
	}
	return rule.Find(id)
}

// newFinding returns what a rule reported as a finding in the chart at path.
func newFinding(path string, f rule.Finding) Finding {
	finding := Finding{
		Chart:     path,
		Rule:      f.Rule,
		Severity:  f.Severity,
		Position:  Position(f.Position),
		Message:   f.Message,
		Fix:       f.Fix,
		Object:    f.Object,
		Container: f.Container,
		demand:    f.Demand,
		needs:     f.Needs,
		field:     f.Field,
		several:   f.Several,
		part:      f.Part,
	}
	if f.Value != nil {
		finding.Value = Value{Position: Position(f.Value.Position), Key: f.Value.Key}
	}
	return finding
}

// compareInChart orders the findings of a chart.
func compareInChart(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Position.File, b.Position.File),
		cmp.Compare(a.Position.Line, b.Position.Line),
		cmp.Compare(a.Position.Column, b.Position.Column),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Variants, b.Variants),
	)
}
