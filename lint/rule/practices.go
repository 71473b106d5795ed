package rule

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/kubescore"
	"github.com/traderadmin/charts/lint/policy"
)

// Practices are rules that kube-score checks, by ID. They are no part of [All]: they run where practices are asked for.
func Practices() []*Rule { return slices.Clone(practices()) }

// PracticesOf are the practices that a policy asks for: those that it lists, else all but the optional ones that it gives no
// severity.
func PracticesOf(p *policy.Policy) []*Rule {
	return slices.DeleteFunc(Practices(), func(r *Rule) bool {
		if len(p.Practices.Rules) > 0 {
			return !slices.Contains(p.Practices.Rules, r.ID)
		}
		_, named := p.Rules[r.ID]
		return r.Optional && !named
	})
}

// IsPractice says whether an ID is one of a practice.
func IsPractice(id string) bool { return strings.HasPrefix(id, policy.PracticePrefix) }

// CoveredBy is the rule that checks what the practice of an ID would, which is left to it; empty if there is none such.
func CoveredBy(id string) string {
	return kubescore.Describe().Covered[strings.TrimPrefix(id, policy.PracticePrefix)]
}

var practices = sync.OnceValue(func() []*Rule {
	var rules []*Rule
	for _, c := range kubescore.Describe().Checks {
		rules = append(rules, practice(c))
	}
	return rules
})

func practice(c kubescore.Check) *Rule {
	about := "every object of kind " + c.Target
	switch c.Target {
	case "Pod":
		about = "every object that is a pod or makes pods"
	case "all":
		about = "objects of every kind"
	}
	why := fmt.Sprintf("It is a check of kube-score, about %s. Its findings say why it matters, and "+
		"https://github.com/zegl/kube-score/blob/%s/README_CHECKS.md what it looks at. It runs with --practices, and where the "+
		"configuration says practices: true. What kube-score calls critical is a warning, and what it warns of an info, "+
		"unless the configuration gives the rule a severity.", about, kubescore.Describe().Version)
	kind := "check"
	if c.Optional {
		kind = "optional check"
		why += " It is optional: it runs where the configuration gives it a severity, or lists it under practices."
	}
	return &Rule{
		ID:       policy.PracticePrefix + c.ID,
		Title:    fmt.Sprintf("The chart passes kube-score's %s %q", kind, c.Name),
		Why:      why,
		Severity: Warning,
		Optional: c.Optional,
		Check:    func(p *Pass) { reportPractice(p, c.ID) },
	}
}

// reportPractice reports what a check of kube-score found in the rendering.
func reportPractice(p *Pass, check string) {
	for _, f := range p.Practices {
		if f.Check != check {
			continue
		}
		o := p.Rendered.Objects[f.Manifest]
		reported := Finding{
			Node:     o.Node,
			Severity: practiceSeverity(p, f.Grade),
			Message:  fmt.Sprintf("%s: %s", o, strings.TrimSuffix(f.Summary, ".")),
			Fix:      practiceFix(p.rule.ID, f),
			Object:   o.String(),
		}
		if c, found := containerNamed(o, f.Path); found {
			reported.Node, reported.Container = c.Node, c.Name
			reported.Message = fmt.Sprintf("%s %q of %s", c.Role, c.Name, reported.Message)
		} else if f.Path != "" {
			reported.Message += ": " + f.Path
		}
		p.Report(reported)
	}
}

// containerNamed is the container of an object that kube-score means by a name.
func containerNamed(o *chart.Object, name string) (chart.Container, bool) {
	all := o.Containers()
	at := slices.IndexFunc(all, func(c chart.Container) bool { return name != "" && c.Name == name })
	if at < 0 {
		return chart.Container{}, false
	}
	return all[at], true
}

// practiceSeverity is that of a finding: what the policy says, else by its grade.
func practiceSeverity(p *Pass, grade kubescore.Grade) Severity {
	own, decided := p.Policy.Rules[p.rule.ID]
	switch {
	case grade == kubescore.Failed:
		return Info // it says nothing about the chart
	case decided:
		return own
	case grade == kubescore.Critical:
		return Warning
	}
	return Info
}

// practiceFix is what kube-score advises, as a sentence.
func practiceFix(id string, f kubescore.Finding) string {
	advice := strings.TrimSpace(f.Description)
	if advice == "" {
		return fmt.Sprintf("See lint --explain %s.", id)
	}
	if !strings.HasSuffix(advice, ".") {
		advice += "."
	}
	return advice
}
