package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

// TestRules checks the good and the bad manifests of the custom rules. The error joins those of all rules, each with
// the position of the rule.
func (p *Policy) TestRules() error {
	var failures []error
	for i := range p.CustomRules {
		c := &p.CustomRules[i]
		fail := func(format string, args ...any) {
			problem := fmt.Sprintf(format, args...)
			failures = append(failures, fmt.Errorf("%s: rule %s: %s", c.Position, c.ID, problem))
		}
		if len(c.Good) == 0 || len(c.Bad) == 0 {
			fail("want at least one good and one bad manifest")
		}
		for n, text := range c.Good {
			if problem, matched, err := c.test(text); err != nil {
				fail("good manifest %d: %v", n+1, err)
			} else if !matched {
				fail("good manifest %d has no object of the kinds", n+1)
			} else if problem != "" {
				fail("good manifest %d does not satisfy the rule: %s", n+1, problem)
			}
		}
		for n, text := range c.Bad {
			if problem, matched, err := c.test(text); err != nil {
				fail("bad manifest %d: %v", n+1, err)
			} else if !matched {
				fail("bad manifest %d has no object of the kinds", n+1)
			} else if problem == "" {
				fail("bad manifest %d satisfies the rule", n+1)
			}
		}
	}
	return errors.Join(failures...)
}

// test returns the first problem of the rule with the objects of a manifest, and whether the rule is for any of them.
func (c *CustomRule) test(manifest string) (problem string, matched bool, err error) {
	objects, err := chart.ParseJSON(manifest)
	if err != nil {
		return "", false, err
	}
	variables := map[string]any{
		"release":     map[string]any{"objects": objects},
		"chart":       map[string]any{"name": "test", "version": "0.1.0"},
		"valuesSet":   "default values",
		"kubeVersion": chart.DefaultKubeVersion,
	}
	for _, object := range objects {
		fields, _ := object.(map[string]any)
		apiVersion, _ := fields["apiVersion"].(string)
		kind, _ := fields["kind"].(string)
		group, _, hasGroup := strings.Cut(apiVersion, "/")
		if !hasGroup {
			group = ""
		}
		if !c.Matches(group, kind) {
			continue
		}
		matched = true
		variables["object"] = object
		if problem, err = c.Check(variables); problem != "" || err != nil {
			return problem, true, err
		}
	}
	return "", matched, nil
}
