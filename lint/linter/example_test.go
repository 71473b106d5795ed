package linter_test

import (
	"context"
	"fmt"
	"log"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

// A chart is linted for each of its values sets, and those that are given, on each Kubernetes version.
func ExampleRun() {
	result, err := linter.Run(context.Background(), []string{"../../charts/traderadmin"}, linter.Options{
		KubeVersions: []string{"1.36", "1.37"},
		ValuesSets: []policy.ValuesSet{{Name: "release", Set: []string{
			"image.pythonOrch=ghcr.io/traderadmin/python-orch:1.4.0",
			"image.goScanner=ghcr.io/traderadmin/go-scanner:2.0.1",
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range result.Charts {
		fmt.Printf("%s %s: %q on %q\n", c.Name, c.Version, c.ValuesSets, c.KubeVersions)
	}
	for _, f := range result.Findings {
		fmt.Printf("%s: %s: %s\n", f.Position, f.Severity, f.Message)
	}
	fmt.Println(result.Count(policy.Error), "errors")
	// Output:
	// traderadmin 0.1.0: ["default values" "values-production.yaml" "values-qa.yaml" "values-staging.yaml" "release"] on ["v1.36" "v1.37"]
	// 0 errors
}
