// Package kubescore runs the checks of kube-score, for good practice from probes to network policies, over rendered
// charts. kube-score runs in a process of its own, the command of the Go module lint/practices, which is built on first
// use.
package kubescore

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// Catalog describes the checks of a version of kube-score.
type Catalog struct {
	// Version is the version of kube-score, such as v1.20.0.
	Version string `json:"version"`
	// Checks are the checks that run, sorted by ID.
	Checks []Check `json:"checks"`
	// Covered are the checks that do not run, by ID, with the rule of the linter that checks the same.
	Covered map[string]string `json:"covered"`
}

// Check is a check of kube-score.
type Check struct {
	// ID is the ID in kube-score, such as pod-networkpolicy.
	ID string `json:"id"`
	// Name is the human-readable name.
	Name string `json:"name"`
	// Target is the kind of the checked objects. Pod stands for every kind that creates pods, all for every kind.
	Target string `json:"target"`
	// Optional says that kube-score runs the check only on request.
	Optional bool `json:"optional"`
}

// catalog is the output of the command practices -checks. A test compares the two; its flag -update writes the file.
//
//go:embed catalog.json
var catalog []byte

// Describe returns the catalog of the kube-score that this package runs. Callers must not modify it.
var Describe = sync.OnceValue(func() Catalog {
	var read Catalog
	if err := json.Unmarshal(catalog, &read); err != nil {
		panic("lint/internal/kubescore/catalog.json: " + err.Error())
	}
	return read
})
