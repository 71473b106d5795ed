package rule

import "github.com/traderadmin/charts/lint/policy"

// Severity is the severity of a finding.
type Severity = policy.Severity

// The severities that a rule or a finding can have.
const (
	Info    = policy.Info    // worth knowing
	Warning = policy.Warning // probably a mistake
	Error   = policy.Error   // a mistake, which fails the run by default
)
