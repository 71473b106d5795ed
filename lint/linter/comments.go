package linter

import (
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/lint/suppression"
)

// comments are the suppressions in the comments of a chart.
type comments struct {
	all  []suppression.Comment
	used map[usedComment]bool
}

// usedComment is a rule of a comment, by its index.
type usedComment struct {
	comment int
	rule    string
}

// suppress reports whether a comment accepts a finding: on its line, or on the line of its value. It marks the comments
// that do as used.
func (c *comments) suppress(f Finding) bool {
	accepted := false
	for i := range c.all {
		comment := &c.all[i]
		at, value := chart.Position(f.Position), chart.Position(f.Value.Position)
		if comment.Matches(f.Rule, at) || comment.Matches(f.Rule, value) {
			if c.used == nil {
				c.used = map[usedComment]bool{}
			}
			c.used[usedComment{i, f.Rule}], accepted = true, true
		}
	}
	return accepted
}

// checkComments runs the rule about unused suppressions on the comments of a chart.
func (r *run) checkComments(l *linted, rules []*rule.Rule) []Finding {
	pass := rule.Pass{Policy: l.policy}
	for i, c := range l.comments.all {
		for _, id := range c.Rules {
			runs := slices.ContainsFunc(rules, func(rl *rule.Rule) bool { return rl.ID == id })
			if c.Problem == "" && runs && !l.comments.used[usedComment{i, id}] {
				pass.Unused = append(pass.Unused, policy.Suppression{Rule: id, Reason: c.Reason, Position: c.Position})
			}
		}
	}
	var findings []Finding
	for _, rl := range rules {
		if rl.ID == rule.UnusedSuppressions {
			for _, f := range rl.Run(pass) {
				findings = append(findings, newFinding(l.chart.Path, f))
			}
		}
	}
	return findings
}
