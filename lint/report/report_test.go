package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/report"
	"github.com/traderadmin/charts/lint/rule"
)

func finding(severity rule.Severity, file string, line int) rule.Finding {
	return rule.Finding{
		Rule: "some-rule", Severity: severity, Message: "is wrong", Fix: "Mend it.",
		Position: chart.Position{File: file, Line: line},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	result := &linter.Result{Charts: []string{"a", "b"}, Findings: []rule.Finding{
		finding(rule.Error, "a/values.yaml", 3),
		finding(rule.Warning, "a/values.yaml", 4),
		finding(rule.Warning, "b/values.yaml", 0),
		finding(rule.Info, "b/values.yaml", 1),
	}}
	var out bytes.Buffer
	require.NoError(t, report.Write(&out, "text", result))
	assert.Equal(t, `a/values.yaml:3: error: is wrong [some-rule]
    Mend it.
a/values.yaml:4: warning: is wrong [some-rule]
    Mend it.

b/values.yaml: warning: is wrong [some-rule]
    Mend it.
b/values.yaml:1: info: is wrong [some-rule]
    Mend it.

2 charts, 4 findings: 1 error, 2 warnings, 1 info
`, out.String())

	out.Reset()
	result.Findings = result.Findings[1:2]
	require.NoError(t, report.Write(&out, "text", result))
	assert.Contains(t, out.String(), "\n2 charts, 1 finding: 1 warning\n")
}

// Every format writes every finding, and says so when the writer fails.
func TestFormats(t *testing.T) {
	t.Parallel()
	result := &linter.Result{Charts: []string{"a"}, Findings: []rule.Finding{finding(rule.Error, "a/values.yaml", 3)}}
	require.Contains(t, report.Formats(), "text")
	for _, format := range report.Formats() {
		var out bytes.Buffer
		require.NoError(t, report.Check(format))
		require.NoError(t, report.Write(&out, format, result))
		for _, part := range []string{"a/values.yaml", "3", "some-rule", "is wrong", "Mend it."} {
			assert.Contains(t, out.String(), part, format)
		}
		require.ErrorIs(t, report.Write(full{}, format, result), errFull, format)
	}
	require.ErrorContains(t, report.Check("xml"), `unknown format "xml": want one of json, text`)
	require.ErrorContains(t, report.Write(&bytes.Buffer{}, "xml", result), `unknown format "xml"`)
}

func TestJSONIsComplete(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, report.Write(&out, "json", &linter.Result{
		Charts:   []string{"a"},
		Findings: []rule.Finding{{Rule: "r", Severity: rule.Warning, Object: "Pod/x", Container: "c", Position: chart.Position{File: "f", Line: 1, Column: 2}}},
	}))
	var read map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, map[string]any{
		"charts": []any{"a"},
		"findings": []any{map[string]any{
			"rule": "r", "severity": "warning", "message": "", "fix": "", "object": "Pod/x", "container": "c",
			"position": map[string]any{"file": "f", "line": 1.0, "column": 2.0},
		}},
	}, read)
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = assert.AnError
