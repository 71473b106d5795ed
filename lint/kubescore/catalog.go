// Package kubescore has the checks of kube-score run over what charts render: the usual good practice, from probes to network
// policies. kube-score is not linked into the linter. It runs in a process of its own, out of the Go module in lint/practices,
// which is built on the first use.
package kubescore

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// Catalog is what there is to know about the checks without running them.
type Catalog struct {
	// Version is that of kube-score, such as v1.20.0.
	Version string `json:"version"`
	// Checks are those that run, by ID.
	Checks []Check `json:"checks"`
	// Covered are those that do not, by ID, each with the rule of the linter that checks the same.
	Covered map[string]string `json:"covered"`
}

// Check is a check of kube-score.
type Check struct {
	// ID is kube-score's, such as pod-networkpolicy.
	ID string `json:"id"`
	// Name is its name for people.
	Name string `json:"name"`
	// Target is the kind that it is about: Pod for every kind that makes pods, all for every kind.
	Target string `json:"target"`
	// Optional says that kube-score runs it only where it is told to.
	Optional bool `json:"optional"`
}

// catalog is what lint/practices prints about itself. A test compares the two, and writes it anew with -update.
//
//go:embed catalog.json
var catalog []byte

// Describe is the catalog of the kube-score that this package runs. It is not to be altered.
var Describe = sync.OnceValue(func() Catalog {
	var read Catalog
	if err := json.Unmarshal(catalog, &read); err != nil {
		panic("lint/kubescore/catalog.json: " + err.Error())
	}
	return read
})
