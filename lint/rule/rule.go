// Package rule holds the linter's rules, one a file. A file registers its rule with all that is known about it: what it
// checks, why, examples, and the check itself. The list that the command prints and the tests that hold a rule to its fixtures
// (testdata/ID) come from that registration; there is no other list. A new rule is a new file and its fixtures.
package rule

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
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
	// Severity is that of its findings.
	Severity Severity
	// Check reports what it finds in a chart.
	Check func(*Pass)
}

// Finding is a place where a chart does not keep to a rule.
type Finding struct {
	Rule     string         `json:"rule"`
	Severity Severity       `json:"severity"`
	Position chart.Position `json:"position"`
	// Message says what is wrong; it names the object and container too.
	Message string `json:"message"`
	// Fix says in a sentence what to do about it.
	Fix string `json:"fix"`
	// Object is the Kubernetes object that it is about, such as Deployment/python-orch, if it is about one.
	Object string `json:"object,omitempty"`
	// Container is the name of the container that it is about, if it is about one.
	Container string `json:"container,omitempty"`
}

// Pass is one check of a chart, rendered for one variant.
type Pass struct {
	Chart    *chart.Chart
	Rendered *chart.Rendered

	rule     *Rule
	findings []Finding
}

// Report takes a finding; its rule and severity are filled in.
func (p *Pass) Report(f Finding) {
	f.Rule, f.Severity = p.rule.ID, p.rule.Severity
	p.findings = append(p.findings, f)
}

// reportContainer takes a finding about a container. The message reads on from the container's name.
func (p *Pass) reportContainer(o *chart.Object, c chart.Container, at chart.Position, message, fix string) {
	p.Report(Finding{
		Position:  at,
		Message:   fmt.Sprintf("%s %q of %s %s", c.Role, c.Name, o, message),
		Fix:       fix,
		Object:    o.String(),
		Container: c.Name,
	})
}

// Run is what the rule finds in a rendered chart.
func (r *Rule) Run(c *chart.Chart, rendered *chart.Rendered) []Finding {
	p := &Pass{Chart: c, Rendered: rendered, rule: r}
	r.Check(p)
	return p.findings
}

var registry []*Rule

// register is called from the init function of each rule's file.
func register(r *Rule) {
	if Find(r.ID) != nil {
		panic("two rules are called " + r.ID)
	}
	registry = append(registry, r)
}

// All is every rule, by ID.
func All() []*Rule {
	return slices.SortedFunc(slices.Values(registry), func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// Find is the rule of an ID, or nil.
func Find(id string) *Rule {
	for _, r := range registry {
		if r.ID == id {
			return r
		}
	}
	return nil
}
