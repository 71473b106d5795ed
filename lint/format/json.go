package format

import (
	"encoding/json"
	"io"

	"github.com/traderadmin/charts/lint/linter"
)

// writeJSON is for programs: the result as it is, as docs/lint-result.schema.json describes it.
func writeJSON(w io.Writer, result *linter.Result) error {
	written := *result
	written.Charts = list(written.Charts)
	written.Rules = list(written.Rules)
	written.Findings = list(written.Findings)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(written)
}

// list is never null in JSON.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
