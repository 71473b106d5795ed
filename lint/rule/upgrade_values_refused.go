package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/apicheck"
)

func init() {
	register(&Rule{
		ID:    "upgrade-values-refused",
		Title: "The chart accepts the values that releases have",
		Why: "Users upgrade with the values that they installed with. A schema or a template that does not take them any " +
			"more breaks the upgrade, and so does a new key that a template reads without a default: with --reuse-values, " +
			"the old values.yaml replaces the new one. This rule runs with --upgrade-from. It upgrades a release from each " +
			"values set of the chart of before: to the present chart with that set, and with --reuse-values. What does not " +
			"render, what the schema does not accept, and what the API server refuses is a breaking change; in a new major " +
			"version it is a warning.",
		Bad: `{{- if .Values.pdb.enabled }} # pdb is new in values.yaml`,
		Good: `{{- if (.Values.pdb).enabled }}
# or, if users have to know: a new major version`,
		Severity:        Error,
		ComparesUpgrade: true,
		Check:           checkUpgradeValues,
	})
}

// NotCreated is an object that the API server refuses.
type NotCreated struct {
	Object  *chart.Object
	Refusal apicheck.Refusal
}

func checkUpgradeValues(p *Pass) {
	upgrade := p.Upgrade.String()
	if p.Upgrade.Reused {
		upgrade += " with --reuse-values"
	}
	schema := p.Chart.File(chart.SchemaJSON)
	for _, f := range p.Upgrade.Violations {
		at := f.Position // of a subchart's schema, if the chart has none
		if schema != nil {
			at = schema.Position
		}
		path, _, _ := strings.Cut(f.Message, " ")
		p.reportOldValues(Finding{
			Position: at,
			Message:  fmt.Sprintf("the upgrade %s fails: %s", upgrade, f.Message),
			Several:  fmt.Sprintf("the upgrade %s fails: the schema refuses {count} values: {parts}", upgrade),
			Part:     path,
		})
	}
	failures := slices.Clone(p.Upgrade.Failures)
	slices.SortStableFunc(failures, func(a, b chart.Failure) int {
		return cmp.Or(cmp.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line))
	})
	for _, f := range failures {
		finding := Finding{Position: f.Position, Message: fmt.Sprintf("the upgrade %s fails: %s", upgrade, f.Message)}
		if f.Null.Key != "" {
			finding.Part = f.Null.Key
			finding.Several = fmt.Sprintf("the upgrade %s fails: templates read {count} keys that no values set: {parts}",
				upgrade)
		}
		p.reportOldValues(finding)
	}
	for _, n := range p.Upgrade.NotCreated {
		at := locate(n.Object, n.Refusal)
		p.reportOldValues(Finding{
			Node: at.at,
			Message: fmt.Sprintf("the upgrade %s fails: the API server refuses %s: %s: %s", upgrade, n.Object, at.Field,
				at.Message),
			Object: n.Object.String(),
		})
	}
}

func (p *Pass) reportOldValues(f Finding) {
	f.Message = strings.TrimSuffix(f.Message, ".")
	f.Fix = "Accept the old values too, or raise the major version and say what users have to change."
	if p.Upgrade.Reused {
		f.Fix = "Read new keys so that they may be missing, as in (.Values.pdb).enabled, or raise the major version and " +
			"tell users to upgrade with --reset-then-reuse-values."
	}
	f.Needs = MajorBump
	if semver.Major(canonical(p.Chart.Version())) != semver.Major(canonical(p.Upgrade.Base.Version())) {
		f.Severity = Warning
	}
	p.Report(f)
}
