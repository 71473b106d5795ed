package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/rule"
)

func TestRulesPageIsCurrent(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	require.NoError(t, writeRulesPage(&page))
	for _, r := range rule.All() {
		assert.Contains(t, page.String(), "\n## "+r.ID+"\n")
	}
	written, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	assert.Equal(t, string(written), page.String(), "docs/rules.md is not what the rules say: run `make docs`")
}
