package steps

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

func TestLosses(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"  2 after 0.5 to 0.6 s: refused",
		"  1 after 2.0 to 2.0 s: refused",
		"  1 after 2.1 to 2.1 s: timeout",
	}, losses([]contract.StreamEvent{
		{Sent: 10, At: 500, Reason: "refused"}, {Sent: 11, At: 560, Reason: "refused"},
		{Sent: 50, At: 2000, Reason: "refused"}, {Sent: 51, At: 2100, Reason: "timeout"},
	}))
	many := make([]contract.StreamEvent, 30)
	for i := range many {
		many[i].Sent = 2 * i
	}
	assert.Equal(t, "  and 20 times more", losses(many)[10])
}
