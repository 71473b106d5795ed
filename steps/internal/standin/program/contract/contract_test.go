package contract

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContractOfSeveralContainers(t *testing.T) {
	t.Parallel()
	c := Contract{Paths: []string{"/healthz"}}.
		With("api", Container{Ports: []int32{8080}}).
		With("api", Container{Ports: []int32{9090, 8080, 70}}).
		With("metrics", Container{Ports: []int32{9000}}).
		With("migrate", Container{Task: true})

	read, err := Parse(c.String())
	require.NoError(t, err)
	assert.Equal(t, c, read)
	assert.Equal(t, Container{Ports: []int32{70, 8080, 9090}}, read.Of("api"))
	assert.Equal(t, Container{Ports: []int32{9000}}, read.Of("metrics"))
	assert.Equal(t, Container{Task: true}, read.Of("migrate"))
	assert.Equal(t, Container{Ports: []int32{70, 8080, 9000, 9090}}, read.Of(""), "all ports of the image")
	assert.Equal(t, c, c.With("migrate", Container{Task: true}), "nothing new")
}

func TestOfUnknownName(t *testing.T) {
	t.Parallel()
	assert.Zero(t, Contract{}.Of(""))
	assert.Equal(t, Container{Task: true}, Contract{}.With("migrate", Container{Task: true}).Of(""))
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := Parse("")
	require.NoError(t, err)
	assert.Zero(t, c)
	_, err = Parse("{")
	assert.ErrorContains(t, err, "STANDIN is not a valid contract")
}
