package rule

import "github.com/traderadmin/charts/lint/policy"

// Severity says how much a finding matters.
type Severity = policy.Severity

// The severities that a rule or a finding can have.
const (
	Info    = policy.Info    // worth knowing
	Warning = policy.Warning // likely a mistake
	Error   = policy.Error   // a mistake: the run fails unless told otherwise
)
