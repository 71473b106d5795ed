package rule

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

// CustomOf returns the rules that a policy defines itself.
func CustomOf(p *policy.Policy) []*Rule {
	var rules []*Rule
	for i := range p.CustomRules {
		rules = append(rules, custom(&p.CustomRules[i]))
	}
	return rules
}

func custom(c *policy.CustomRule) *Rule {
	r := &Rule{
		ID:               c.ID,
		Title:            cmp.Or(c.Title, c.Message, "Objects satisfy "+c.ID),
		Why:              cmp.Or(c.Why, "The configuration "+c.Position.File+" defines the rule."),
		Severity:         cmp.Or(c.Severity, Error),
		VersionDependent: c.UsesKubeVersion(),
	}
	r.Check = func(p *Pass) { checkCustom(p, c) }
	return r
}

func checkCustom(p *Pass, c *policy.CustomRule) {
	variables := map[string]any{
		"release":     map[string]any{"objects": p.jsonObjects()},
		"chart":       map[string]any{"name": p.Chart.Name(), "version": p.Chart.Version()},
		"valuesSet":   p.ValuesSet,
		"kubeVersion": p.KubeVersion,
	}
	for i, o := range p.Rendered.Objects {
		if !c.Matches(o.Group(), o.Kind) {
			continue
		}
		variables["object"] = p.jsonObjects()[i]
		problem, err := c.Check(variables)
		at, fix := o.Node, c.Fix
		if c.At != "" {
			at = o.Closest(strings.Split(c.At, ".")...)
		}
		if err != nil {
			problem = fmt.Sprintf("the rule cannot be evaluated: %v", err)
			fix = "Test with has() whether a field exists before the expression uses it."
		}
		if problem != "" {
			p.Report(Finding{
				Node:    at,
				Message: fmt.Sprintf("%s: %s", o, strings.TrimSuffix(strings.TrimSpace(problem), ".")),
				Fix:     cmp.Or(fix, "Change the object so that it satisfies the rule."),
				Object:  o.String(),
			})
		}
	}
}

// jsonObjects returns the rendered objects as JSON, computed once. An object that cannot be decoded is an empty map.
func (p *Pass) jsonObjects() []any {
	type key struct{}
	return chart.Once(p.Rendered, key{}, func() []any {
		objects := make([]any, len(p.Rendered.Objects))
		for i, o := range p.Rendered.Objects {
			object, err := o.JSON()
			if err != nil {
				object = map[string]any{}
			}
			objects[i] = object
		}
		return objects
	})
}
