package format

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
)

func TestTextInColor(t *testing.T) {
	t.Parallel()
	finding := linter.Finding{
		Rule: "some-rule", Severity: linter.Error, Message: "is wrong", Fix: "Mend it.",
		Position: linter.Position{File: "testdata/shop/Chart.yaml", Line: 2, Column: 7},
	}
	colored := text{colored: true, sources: newSources()}
	colored.finding(finding)
	const path = "testdata/shop/Chart.yaml:2:7"
	assert.Equal(t, "\x1b[1m"+path+"\x1b[0m: \x1b[1;31merror\x1b[0m: is wrong \x1b[2m[some-rule]\x1b[0m\n"+
		"    \x1b[2m2 |\x1b[0m name: shop\n"+
		"    \x1b[2m  |\x1b[0m       \x1b[1;32m^\x1b[0m\n"+
		"    Mend it.\n", colored.out.String())
}

func TestOnlyTerminalsAreColored(t *testing.T) {
	t.Parallel()
	file, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	assert.False(t, isTerminal(file))
	assert.False(t, isTerminal(new(bytes.Buffer)))
}

func TestRepeatedFindingsAreCounted(t *testing.T) {
	t.Parallel()
	result := &linter.Result{}
	for line := range 9 {
		result.Findings = append(result.Findings,
			linter.Finding{Rule: "a", Severity: linter.Warning, Message: "w", Position: linter.Position{File: "f", Line: line}},
			linter.Finding{Rule: "b", Severity: linter.Error, Message: "e", Position: linter.Position{File: "f", Line: line}})
	}
	var out bytes.Buffer
	require.NoError(t, writeText(&out, result))
	assert.Equal(t, maxShown, strings.Count(out.String(), "warning: w [a]"))
	assert.Equal(t, 9, strings.Count(out.String(), "error: e [b]"), "errors are never left out")
	assert.Contains(t, out.String(), "f: 4 more of this kind, which --format json lists [a]\n")
}
