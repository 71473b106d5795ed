package steps

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// diff returns the unified diff between the text that is wanted and the one that a step got.
func diff(wanted, got string) string {
	if !strings.HasSuffix(wanted, "\n") && !strings.HasSuffix(got, "\n") { // otherwise the diff would mark both last lines
		wanted, got = wanted+"\n", got+"\n"
	}
	return udiff.Unified("want", "got", wanted, got)
}
