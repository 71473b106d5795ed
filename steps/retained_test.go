package steps

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheOldestRetainedNamespacesAreRemoved(t *testing.T) {
	t.Parallel()
	var some retained
	assert.Empty(t, some.add([]string{"a", "b"}, 3))
	assert.Empty(t, some.add([]string{"c"}, 3))
	assert.Equal(t, []string{"a", "b"}, some.add([]string{"d", "e"}, 3))
	assert.Equal(t, []string{"c"}, some.add([]string{"f"}, 3))

	var none retained
	assert.Equal(t, []string{"a", "b"}, none.add([]string{"a", "b"}, 0))
	assert.Empty(t, none.add(nil, 0))
}
