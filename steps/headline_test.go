package steps

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHeadlines(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause\nits details")
	method := withHeadlines(func(_ context.Context, name string) error {
		if name == "bad" {
			return cause
		}
		return nil
	}).(func(context.Context, string) error)

	require.NoError(t, method(t.Context(), "good"))
	err := method(t.Context(), "bad")
	require.ErrorIs(t, err, cause)
	assert.Equal(t, "the cause …", fmt.Sprintf("%+v", err))
	assert.Equal(t, cause.Error(), fmt.Sprintf("%v", err))
	assert.Equal(t, cause.Error(), err.Error())
	assert.Equal(t, "short", fmt.Sprintf("%+v", headlineError{errors.New("short")}))
}
