package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/lint/kubeschema"
)

// The committed store was generated from the modules that are listed here. Otherwise run `go generate
// ./lint/kubeschema`.
func TestStoreIsUpToDate(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, version := range kubernetes {
		listed = append(listed, "k8s.io/kubernetes@"+version)
	}
	for _, m := range apis {
		listed = append(listed, m.path+"@"+m.version)
	}
	assert.Equal(t, listed, kubeschema.Modules())
	assert.Equal(t, kubernetes, kubeschema.Versions())
}
