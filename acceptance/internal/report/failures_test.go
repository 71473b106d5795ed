package report

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCausesThatDifferOnlyByChance(t *testing.T) {
	t.Parallel()
	failing := func(cause string) *scenario {
		return &scenario{status: failed, steps: []*step{{status: failed, err: errors.New(cause)}}}
	}
	const cause = "waited 5.1s for deployment/app to be rolled out in namespace shop-abc234; gave up: " +
		"pod/app-5d8f7c9b4d-x7k2p: Unschedulable: no claim (install)\nwhile running: helm install app ./app"
	told := causes{}
	first := failing(cause)
	assert.Same(t, first, told.first(first))
	for text, same := range map[string]bool{
		"waited 12.345s for deployment/app to be rolled out in namespace mart-zzzzzz; gave up: " +
			"pod/app-7d8f7c9b4d-bbbbb: Unschedulable: no claim (upgrade)\nwhile running: helm upgrade a b": true,
		"waited 5.1s for deployment/app-redis to be rolled out in namespace shop-abc234; gave up: " +
			"pod/app-5d8f7c9b4d-x7k2p: Unschedulable: no claim (install)\nwhile running: helm install app ./app": false,
	} {
		other := failing(text)
		assert.Equal(t, same, told.first(other) == first, text)
	}
}
