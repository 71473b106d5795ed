package steps

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// diff returns the unified diff between the expected text and the actual one.
func diff(want, got string) string {
	if !strings.HasSuffix(want, "\n") && !strings.HasSuffix(got, "\n") { // otherwise the diff would mark both last lines
		want, got = want+"\n", got+"\n"
	}
	return udiff.Unified("want", "got", want, got)
}
