package report

import (
	"encoding/json"
	"io"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// writeJSON is for programs: the result as it is, with an empty list where there are no findings.
func writeJSON(w io.Writer, result *linter.Result) error {
	written := *result
	if written.Findings == nil {
		written.Findings = []rule.Finding{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(written)
}
