// Package rule holds the linter's rules, one a file. A file registers its rule with all that is known about it: what it
// checks, why, examples, and the check itself. The list that the command prints and the tests that hold a rule to its fixtures
// (testdata/ID) come from that registration; there is no other list. A new rule is a new file and its fixtures.
package rule

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
	"github.com/traderadmin/charts/lint/kubeschema"
	"github.com/traderadmin/charts/lint/kubescore"
	"github.com/traderadmin/charts/lint/policy"
)

// Rule is something that charts must keep to.
type Rule struct {
	// ID names the rule in findings, in the field's words: lower case, with dashes.
	ID string
	// Title says what holds for a chart that keeps to the rule.
	Title string
	// Why says what goes wrong where it does not hold.
	Why string
	// Bad and Good are examples, as one would write them in a chart.
	Bad, Good string
	// Severity is that of its findings, unless the policy gives it another.
	Severity Severity
	// ByVersion says that its findings depend on the Kubernetes version even where the rendering does not. Every other rule runs
	// once for a rendering that serves several versions.
	ByVersion bool
	// OfPolicy says that it checks the policy and no chart. It runs once for all charts that share a policy, after them, on a pass
	// that has Policy and Unused only.
	OfPolicy bool
	// Optional says that a practice runs only where the policy names it.
	Optional bool
	// Check reports what it finds in a chart.
	Check func(*Pass)
}

// Finding is a place where a chart does not keep to a rule.
type Finding struct {
	Rule     string
	Severity Severity
	Position chart.Position
	// Message says what is wrong; it names the object and container too.
	Message string
	// Fix says in a sentence what to do about it.
	Fix string
	// Object is the Kubernetes object that it is about, such as Deployment/python-orch, if it is about one.
	Object string
	// Container is the name of the container that it is about, if it is about one.
	Container string
	// Value is the value that decides what is wrong, where that is certain.
	Value *chart.ValuesKey

	// Node is the rendered value that it is about, if it is about one. Report takes Position, unless that is given, and Value
	// from it.
	Node chart.Node
}

// Pass is one check of a chart, rendered for one variant.
type Pass struct {
	Chart    *chart.Chart
	Rendered *chart.Rendered
	// Policy is what is asked of the chart; never nil.
	Policy *policy.Policy
	// ValuesSet is the name of the values set that the chart is rendered with.
	ValuesSet string
	// KubeVersion is the Kubernetes version that the chart is checked for, such as v1.37.2.
	KubeVersion string
	// CRDs are the custom resource definitions that the clusters have besides those that come with the chart; nil is none.
	CRDs *kubeschema.CRDs
	// BaseVersion is the version that the chart had before it changed, if it has to have another now.
	BaseVersion string
	// Practices are what kube-score finds in the rendering; nothing where it was not asked.
	Practices []kubescore.Finding
	// Unused are the suppressions of the policy that accepted nothing.
	Unused []policy.Suppression

	rule     *Rule
	findings []Finding
}

// Report takes a finding. Its rule is filled in, and its severity: what the policy says of the rule, else a lower one that the rule
// gives, else the rule's own.
func (p *Pass) Report(f Finding) {
	f.Rule = p.rule.ID
	if chosen, ok := p.Policy.Rules[p.rule.ID]; ok {
		f.Severity = chosen
	} else if f.Severity <= 0 || f.Severity > p.rule.Severity {
		f.Severity = p.rule.Severity
	}
	if f.Position == (chart.Position{}) {
		f.Position = f.Node.Position()
	}
	if f.Value == nil {
		f.Value = valuesuse.Origin(f.Node)
	}
	f.Node = chart.Node{} // it holds the whole rendering
	p.findings = append(p.findings, f)
}

// reportContainer takes a finding about a container. The message reads on from the container's name; at is
// the value that is wrong, or the closest to the one that is missing.
func (p *Pass) reportContainer(o *chart.Object, c chart.Container, at chart.Node, message, fix string) {
	p.Report(Finding{
		Node:      at,
		Message:   fmt.Sprintf("%s %q of %s %s", c.Role, c.Name, o, message),
		Fix:       fix,
		Object:    o.String(),
		Container: c.Name,
	})
}

// Run is what the rule finds in the pass, of which the exported fields are given.
func (r *Rule) Run(pass Pass) []Finding {
	pass.rule, pass.findings = r, nil
	r.Check(&pass)
	return pass.findings
}

// registry is every rule, in the order of IDs.
var registry []*Rule

// register is called from the init function of each rule's file.
func register(r *Rule) {
	at, taken := slices.BinarySearchFunc(registry, r.ID, func(known *Rule, id string) int { return cmp.Compare(known.ID, id) })
	if taken {
		panic("two rules are called " + r.ID)
	}
	registry = slices.Insert(registry, at, r)
}

// All is every rule, by ID.
func All() []*Rule { return slices.Clone(registry) }

// IDs are those of all rules, in order, and of the practices.
func IDs() []string {
	var ids []string
	for _, r := range slices.Concat(All(), Practices()) {
		ids = append(ids, r.ID)
	}
	return ids
}

// Find is the rule or practice of an ID, or nil.
func Find(id string) *Rule {
	for _, r := range slices.Concat(registry, practices()) {
		if r.ID == id {
			return r
		}
	}
	return nil
}
