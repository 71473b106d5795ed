package rule

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/kubescore"
	"github.com/traderadmin/charts/lint/policy"
)

// Practices returns the rules that kube-score checks, by ID. They are not part of [All], because they only run on
// request.
func Practices() []*Rule { return slices.Clone(practices()) }

// PracticesOf returns the practices that a policy asks for: those that it lists, or else all except optional ones to
// which it gives no severity.
func PracticesOf(p *policy.Policy) []*Rule {
	return slices.DeleteFunc(Practices(), func(r *Rule) bool {
		if len(p.Practices.Rules) > 0 {
			return !slices.Contains(p.Practices.Rules, r.ID)
		}
		_, named := p.Rules[r.ID]
		return r.Optional && !named
	})
}

// IsPractice reports whether an ID is that of a practice.
func IsPractice(id string) bool { return strings.HasPrefix(id, policy.PracticePrefix) }

// CoveredBy returns the ID of the rule that makes a check of kube-score redundant, or "".
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
	objects := "every object of kind " + c.Target
	switch c.Target {
	case "Pod":
		objects = "every object that is a pod or creates pods"
	case "all":
		objects = "objects of every kind"
	}
	why := fmt.Sprintf("This is a check of kube-score for %s. Each finding explains why it matters; "+
		"https://github.com/zegl/kube-score/blob/%s/README_CHECKS.md describes the check. It runs with --practices, or with "+
		"practices: true in the configuration. Its grade critical is a warning here, and its grade warning is an info, "+
		"unless the configuration sets a severity.", objects, kubescore.Describe().Version)
	kind := "check"
	if c.Optional {
		kind = "optional check"
		why += " The check is optional: it runs only if the configuration gives it a severity, or lists it under practices."
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

// reportPractice reports the findings of a check of kube-score.
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

// containerNamed returns the container of an object with a name from a finding of kube-score.
func containerNamed(o *chart.Object, name string) (chart.Container, bool) {
	all := o.Containers()
	at := slices.IndexFunc(all, func(c chart.Container) bool { return name != "" && c.Name == name })
	if at < 0 {
		return chart.Container{}, false
	}
	return all[at], true
}

// practiceSeverity returns the severity that the policy sets, or else that of the grade.
func practiceSeverity(p *Pass, grade kubescore.Grade) Severity {
	configured, isConfigured := p.Policy.Rules[p.rule.ID]
	switch {
	case grade == kubescore.Failed:
		return Info // the check itself failed, which says nothing about the chart
	case isConfigured:
		return configured
	case grade == kubescore.Critical:
		return Warning
	}
	return Info
}

// practiceFix returns the advice of kube-score as a sentence.
func practiceFix(id string, f kubescore.Finding) string {
	advice := strings.TrimSpace(f.Description)
	if advice == "" {
		return fmt.Sprintf("Run `lint --explain %s` for details.", id)
	}
	if !strings.HasSuffix(advice, ".") {
		advice += "."
	}
	return advice
}
