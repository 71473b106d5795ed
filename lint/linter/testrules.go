package linter

import (
	"errors"

	"github.com/traderadmin/charts/lint/policy"
)

// RuleTests is the outcome of [TestRules].
type RuleTests struct {
	Rules    int   // their number
	Failures error // joins those of all rules; nil if every rule agrees with its manifests
}

// TestRules checks the custom rules in the configurations of charts with their good and bad manifests. It returns an
// error if a configuration cannot be read or is invalid.
func TestRules(paths []string, options Options) (RuleTests, error) {
	r, err := newRun(options)
	if err != nil {
		return RuleTests{}, err
	}
	var tests RuleTests
	tested := map[*policy.Policy]bool{}
	for _, path := range paths {
		p, err := r.policies.load(options.Config, path)
		if err != nil {
			return RuleTests{}, err
		} else if !tested[p] {
			tested[p] = true
			tests.Rules += len(p.CustomRules)
			tests.Failures = errors.Join(tests.Failures, p.TestRules())
		}
	}
	return tests, nil
}
