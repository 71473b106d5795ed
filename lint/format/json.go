package format

import (
	"encoding/json"
	"io"

	"github.com/traderadmin/charts/lint/linter"
)

// writeJSON writes the result as docs/lint-result.schema.json describes it.
func writeJSON(w io.Writer, result *linter.Result) error {
	content := *result
	content.Charts = nonNil(content.Charts)
	content.Rules = nonNil(content.Rules)
	content.Findings = nonNil(content.Findings)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(content)
}

// nonNil returns a list that JSON does not write as null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
