package format

import (
	"bytes"
	"os"
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
