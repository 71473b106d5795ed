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

// covered are the checks that do not run, because a rule of the linter checks the same. The rule knows the policy, and
// reports the line of the field and the value that causes the finding, whereas kube-score at best names the container.
var covered = map[string]string{
	// The policy says which requests and limits a container needs, by its role.
	"container-resources":                           "requests-missing",
	"container-ephemeral-storage-request-and-limit": "requests-missing",

	// Equal requests and limits are a ratio of 1.
	"container-resource-requests-equal-limits":         "limit-ratio",
	"container-cpu-requests-equal-limits":              "limit-ratio",
	"container-memory-requests-equal-limits":           "limit-ratio",
	"container-ephemeral-storage-request-equals-limit": "limit-ratio",

	// The rule accepts a digest, too.
	"container-image-tag": "image-latest",

	// The rule knows the Kubernetes versions of the chart.
	"stable-version": "api-deprecated",

	// The rules support selectors with expressions, and allow for objects that are in the cluster already.
	"service-targets-pod":                                            "selector-matches-no-pod",
	"networkpolicy-targets-pod":                                      "selector-matches-no-pod",
	"ingress-targets-service":                                        "reference-port-missing",
	"horizontalpodautoscaler-has-target":                             "reference-object-missing",
	"deployment-pod-selector-labels-match-template-metadata-labels":  "selector-template-mismatch",
	"statefulset-pod-selector-labels-match-template-metadata-labels": "selector-template-mismatch",
}

// catalog describes the checks. The linter has a copy of its JSON in lint/internal/kubescore/catalog.json.
type catalog struct {
	// Version is the version of kube-score, such as v1.20.0.
	Version string `json:"version"`
	// Checks are the checks that run, sorted by ID.
	Checks []description `json:"checks"`
	// Covered are the checks that do not run, by ID, with the rule of the linter that checks the same.
	Covered map[string]string `json:"covered"`
}

// description describes a check.
type description struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Target   string `json:"target"` // a kind; "all"; or Pod for every kind that creates pods
	Optional bool   `json:"optional,omitempty"`
}

func writeCatalog(w io.Writer) error {
	written := catalog{Version: version(), Checks: []description{}, Covered: covered}
	for _, c := range register(parser.Empty()).All() {
		if covered[c.ID] == "" {
			written.Checks = append(written.Checks, description{
				ID: c.ID, Name: c.Name, Target: c.TargetType, Optional: c.Optional,
			})
		}
	}
	slices.SortFunc(written.Checks, func(a, b description) int { return cmp.Compare(a.ID, b.ID) })
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(written)
}

// version returns the version of kube-score that this binary is built with.
func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/zegl/kube-score" {
			return module.Version
		}
	}
	return ""
}

// register returns the checks of a release that are not covered. The minimum numbers of replicas are the defaults of
// kube-score's command.
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
