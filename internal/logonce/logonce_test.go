package logonce_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/logonce"
)

func TestLinesAreWrittenOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := logonce.NewWriter(&out)
	var group sync.WaitGroup
	for second := range 9 {
		group.Go(func() {
			_, err := fmt.Fprintf(w, "2026/01/02 15:04:0%d warning: a\nplain\n", second)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, "warning: a\nplain\n", out.String())
	_, err := fmt.Fprint(w, "warning: b\n")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(out.String(), "plain\nwarning: b\n"))
}

func TestRedirect(t *testing.T) { //nolint:paralleltest // it changes the standard logger
	before := log.Writer()
	var out bytes.Buffer
	undo := logonce.Redirect(&out)
	log.Print("warning: a")
	log.Print("warning: a")
	undo()
	assert.Equal(t, before, log.Writer())
	assert.Equal(t, "warning: a\n", out.String())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrorsAreReturned(t *testing.T) {
	t.Parallel()
	_, err := fmt.Fprintln(logonce.NewWriter(full{}), "a")
	require.EqualError(t, err, "disk full")
}
