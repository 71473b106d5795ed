package main

import (
	"cmp"
	"encoding/json"
	"io"
	"runtime/debug"
	"slices"

	"github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
)

// covered are the checks that are not run, and the rule of the linter that checks the same: it knows the policy, and reports
// the line of the field and the value that decides it, where kube-score names the container at best.
var covered = map[string]string{
	// Which requests and limits a container has to have is for the policy to say, by role.
	"container-resources":                           "requests-missing",
	"container-ephemeral-storage-request-and-limit": "requests-missing",

	// Equal ones are a ratio of 1.
	"container-resource-requests-equal-limits":         "limit-ratio",
	"container-cpu-requests-equal-limits":              "limit-ratio",
	"container-memory-requests-equal-limits":           "limit-ratio",
	"container-ephemeral-storage-request-equals-limit": "limit-ratio",

	// The rule takes a digest for a version, too.
	"container-image-tag": "image-latest",

	// It knows the Kubernetes versions that the chart is for.
	"stable-version": "api-deprecated",

	// The rules know selectors with expressions, and leave out what may be in the cluster already.
	"service-targets-pod":                                            "selector-matches-no-pod",
	"networkpolicy-targets-pod":                                      "selector-matches-no-pod",
	"ingress-targets-service":                                        "reference-port-missing",
	"horizontalpodautoscaler-has-target":                             "reference-object-missing",
	"deployment-pod-selector-labels-match-template-metadata-labels":  "selector-template-mismatch",
	"statefulset-pod-selector-labels-match-template-metadata-labels": "selector-template-mismatch",
}

// catalog is what there is to know about the checks without running them.
type catalog struct {
	// Version is kube-score's, such as v1.20.0.
	Version string `json:"version"`
	// Checks are those that are run, by ID.
	Checks []description `json:"checks"`
	// Covered are those that are not, each with the rule that checks the same.
	Covered map[string]string `json:"covered"`
}

// description is a check in the catalog.
type description struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Target   string `json:"target"` // the kind that it is about; all, or Pod for every kind that makes pods
	Optional bool   `json:"optional,omitempty"`
}

func writeCatalog(w io.Writer) error {
	written := catalog{Version: version(), Checks: []description{}, Covered: covered}
	for _, c := range register(parser.Empty()).All() {
		if covered[c.ID] == "" {
			written.Checks = append(written.Checks, description{ID: c.ID, Name: c.Name, Target: c.TargetType, Optional: c.Optional})
		}
	}
	slices.SortFunc(written.Checks, func(a, b description) int { return cmp.Compare(a.ID, b.ID) })
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(written)
}

// version is that of kube-score in this binary.
func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/zegl/kube-score" {
			return module.Version
		}
	}
	return ""
}

// register sets up the checks that are not covered, for a release. What is enough replicas is what kube-score's own command takes.
func register(release domain.AllTypes) *checks.Checks {
	ignored := map[string]struct{}{}
	for id := range covered {
		ignored[id] = struct{}{}
	}
	return score.RegisterAllChecks(release, &checks.Config{IgnoredTests: ignored}, &config.RunConfiguration{
		MinReplicasDeployment: 2,
		MinReplicasHPA:        2,
	})
}
