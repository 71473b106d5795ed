package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/lint/kubeschema"
)

// The committed store is made from the modules that are named here; else `go generate ./lint/kubeschema` is due.
func TestStoreIsOfTheseModules(t *testing.T) {
	t.Parallel()
	var named []string
	for _, version := range kubernetes {
		named = append(named, "k8s.io/kubernetes@"+version)
	}
	for _, m := range apis {
		named = append(named, m.path+"@"+m.version)
	}
	assert.Equal(t, named, kubeschema.Modules())
	assert.Equal(t, kubernetes, kubeschema.Versions())
}
