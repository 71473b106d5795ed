// Package rule contains the rules of the linter, one per file.
//
// A file registers its rule with a title, a reason, examples and the check. The lists that the command prints, the
// documentation, and the tests of the fixtures in testdata/ID come from this registration. There is no other list: to
// add a rule, add a file and its fixtures.
package rule

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
	"github.com/traderadmin/charts/lint/admission"
	"github.com/traderadmin/charts/lint/internal/apicheck"
	"github.com/traderadmin/charts/lint/internal/kubescore"
	"github.com/traderadmin/charts/lint/kubeschema"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/suppression"
)

// Rule is a rule for charts.
type Rule struct {
	// ID identifies the rule: lower-case words with dashes between them.
	ID string
	// Title states what is true of a chart that satisfies the rule.
	Title string
	// Why explains the problem that the rule prevents.
	Why string
	// Bad and Good are excerpts of a chart that violates and of one that satisfies the rule.
	Bad, Good string
	// Severity is the severity of the findings, unless the policy sets another.
	Severity Severity
	// VersionDependent means that the findings depend on the Kubernetes version even if the rendering does not.
	// Any other rule runs only once for versions that render the same.
	VersionDependent bool
	// ComparesReleases means that the rule compares the rendering with that for another release. It runs on a pass that
	// has Other and Pairs, once for all values sets and Kubernetes versions that render the same templates.
	ComparesReleases bool
	// ComparesUpgrade means that the rule checks an upgrade of the chart from another one. It runs on a pass that has
	// Upgrade, for each values set and Kubernetes version.
	ComparesUpgrade bool
	// ComparesDefaults means that a rule that ComparesUpgrade compares the default values of the charts. It runs once.
	ComparesDefaults bool
	// Practice means that the rule demands a good practice, instead of finding a fault. Its severity is that of the strict
	// profile.
	Practice bool
	// ChecksPolicy means that the rule checks the policy instead of a chart. It runs once for all charts that share the
	// policy, after them, on a pass that has only Policy and Unused.
	ChecksPolicy bool
	// Refused means that the API server refuses what the rule finds, so that the rule api-refuses does not say it again.
	// Its findings have the field then.
	Refused bool
	// Optional means that a practice runs only if the policy names it.
	Optional bool
	// Check reports the findings in a chart.
	Check func(*Pass)
}

// Finding is a violation of a rule.
type Finding struct {
	Rule     string
	Severity Severity
	Position chart.Position
	// Message states the problem, and names the object and container.
	Message string
	// Fix is a sentence that tells how to solve the problem.
	Fix string
	// Object is the Kubernetes object with the problem, such as Deployment/python-orch. It may be empty.
	Object string
	// Container is the name of the container with the problem. It may be empty.
	Container string
	// Field is the path of the field in the object, such as spec.ports[0].name. Report derives it from Node for rules that
	// are Refused.
	Field string
	// Value is the key in the values that causes the problem, if that is certain.
	Value *chart.ValuesKey

	// Needs is the version that the change needs which the finding is about, compared with that of the base.
	Needs Bump

	// Demand means that the chart fails on purpose with these values. The linter lowers the severity if it renders with
	// others.
	Demand bool

	// Flags are the flags of helm install that show the problem, if no values set of the chart has it.
	Flags string

	// Several is set if several findings of the rule have one cause, and equal if they have the same. It is the
	// message for all of them, with placeholders: "the schema does not describe {count} keys: {parts}". Part is what this
	// finding contributes to the list, such as a key.
	Several, Part string

	// Node is the rendered value with the problem, if there is one. Report derives Position and Value from it, unless they
	// are set.
	Node chart.Node
}

// Pass is the input of a check: a chart, rendered for one variant.
type Pass struct {
	Chart    *chart.Chart
	Rendered *chart.Rendered
	// Other is the chart rendered with the same values for chart.OtherRelease, for rules that compare releases. Pairs are
	// the objects to check in both.
	Other *chart.Rendered
	Pairs []chart.Pair
	// Upgrade is an upgrade to the rendering from that of another chart, for rules that compare these.
	Upgrade *Upgrade
	// Policy is the configuration of the linter. It is never nil.
	Policy *policy.Policy
	// ValuesSet is the name of the values set that the chart is rendered with.
	ValuesSet string
	// KubeVersion is the Kubernetes version that the chart is checked for, such as v1.37.2.
	KubeVersion string
	// CRDs are the custom resource definitions in the cluster, besides those of the chart. It may be nil.
	CRDs *kubeschema.CRDs
	// BaseVersion is the version of the chart before it changed. It is empty if the chart has not changed.
	BaseVersion string
	// Needs is the kind of version that the upgrade to the chart needs, and Because the finding that says so first.
	Needs   Bump
	Because string
	// Practices are the findings of kube-score, if it ran.
	Practices []kubescore.Finding
	// Verdicts are the API server's on the objects, if it was asked, by Kubernetes version.
	Verdicts map[string][]apicheck.Verdict
	// Helms are what other Helms make of the rendering; see linter.Options.
	Helms []HelmRun
	// Refused and Ineffective are what values that are drawn from the schemas show about them.
	Refused     []Refused
	Ineffective []Ineffective
	// UnknownFlags are the flags in the chart's documents that other Helms do not know.
	UnknownFlags []UnknownFlag
	// AdmissionPolicies are the ValidatingAdmissionPolicies of the cluster.
	AdmissionPolicies []*admission.Policy
	// Comments are the suppressions in comments of the chart.
	Comments []suppression.Comment
	// Unused are the suppressions that matched no finding: of the policy, or of the comments in a chart.
	Unused []policy.Suppression

	// Known reports whether a finding that has no position yet is known. Report drops it then, because its position may
	// take another rendering. Nil knows none.
	Known func(Finding) bool

	rule     *Rule
	findings []Finding
}

// Report reports a finding. It sets the rule and the severity: the one that the policy sets for the rule, or else the
// finding's own if it is lower than that of the rule, or else that of the rule.
func (p *Pass) Report(f Finding) {
	f.Rule = p.rule.ID
	_, configured := p.Policy.Rules[p.rule.ID]
	severity := p.Policy.Severity(p.rule.ID, p.rule.Severity, p.rule.Practice)
	if configured || f.Severity <= 0 || f.Severity > severity {
		f.Severity = severity
	}
	if p.Rendered != nil {
		for _, text := range []*string{&f.Message, &f.Fix, &f.Object, &f.Several, &f.Part} {
			*text = p.Rendered.Stable(*text)
		}
	}
	if p.Known != nil && p.Known(f) {
		return
	}
	if f.Position == (chart.Position{}) {
		f.Position = f.Node.Position()
	}
	if f.Field == "" && p.rule.Refused {
		f.Field = fieldOf(f.Node)
	}
	if f.Value == nil {
		f.Value = valuesuse.Origin(f.Node)
	}
	f.Node = chart.Node{} // releases the rendering
	p.findings = append(p.findings, f)
}

// reportContainer reports a container. The message continues a sentence that starts with the container. at is the wrong
// value, or the closest parent of a missing one.
func (p *Pass) reportContainer(o *chart.Object, c chart.Container, at chart.Node, message, fix string) {
	p.Report(Finding{
		Node:      at,
		Message:   fmt.Sprintf("%s %q of %s %s", c.Role, c.Name, o, message),
		Fix:       fix,
		Object:    o.String(),
		Container: c.Name,
	})
}

// Run returns the findings of the rule in a pass. Only the exported fields of the pass are used.
func (r *Rule) Run(pass Pass) []Finding {
	pass.rule, pass.findings = r, nil
	r.Check(&pass)
	return pass.findings
}

// ChecksRendering reports whether the rule checks a single rendering of a chart.
func (r *Rule) ChecksRendering() bool {
	return !r.ChecksPolicy && !r.ComparesReleases && !r.ComparesUpgrade
}

// registry holds all rules, sorted by ID.
var registry []*Rule

// register adds a rule. The file of each rule calls it from init.
func register(r *Rule) {
	byID := func(known *Rule, id string) int { return cmp.Compare(known.ID, id) }
	at, taken := slices.BinarySearchFunc(registry, r.ID, byID)
	if taken {
		panic("two rules have the ID " + r.ID)
	}
	registry = slices.Insert(registry, at, r)
}

// All returns all rules, sorted by ID.
func All() []*Rule { return slices.Clone(registry) }

// IDs returns the IDs of all rules, then those of the practices.
func IDs() []string {
	var ids []string
	for _, r := range slices.Concat(All(), Practices()) {
		ids = append(ids, r.ID)
	}
	return ids
}

// DescribeSeverity names the severity in the default profile, and that in the strict one if it is another.
func (r *Rule) DescribeSeverity() string {
	if !r.Practice {
		return r.Severity.String()
	}
	return policy.Recommended.PracticeSeverity(r.Severity).String() + " (strict: " + r.Severity.String() + ")"
}

// Find returns the rule or practice with an ID, or nil.
func Find(id string) *Rule {
	for _, r := range slices.Concat(registry, practices()) {
		if r.ID == id {
			return r
		}
	}
	return nil
}
