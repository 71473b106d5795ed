package suggest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/internal/suggest"
)

func TestFor(t *testing.T) {
	t.Parallel()
	known := []string{"format", "fail-on", "values-schema-missing"}
	for given, want := range map[string]string{
		"formt":                 `; did you mean "format"?`,
		"failon":                `; did you mean "fail-on"?`,
		"value-schemas-missing": `; did you mean "values-schema-missing"?`,
		"budget":                "",
		"":                      "",
	} {
		assert.Equal(t, want, suggest.For(given, known), given)
	}
}
