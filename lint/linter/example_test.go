package linter_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
)

// Lint a chart with its own values sets and one more, on two Kubernetes versions.
func ExampleRun() {
	result, err := linter.Run(context.Background(), []string{"../../charts/traderadmin"}, linter.Options{
		KubeVersions: []string{"1.36", "1.37"},
		ValuesSets: []linter.ValuesSet{{Name: "release", Set: []string{
			"image.pythonOrch=ghcr.io/traderadmin/python-orch:1.4.0",
			"image.goScanner=ghcr.io/traderadmin/go-scanner:2.0.1",
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range result.Charts {
		fmt.Println(c.Name, c.Version)
		fmt.Println("values sets:", strings.Join(c.ValuesSets, ", "))
		fmt.Println("Kubernetes versions:", strings.Join(c.KubeVersions, ", "))
	}
	for _, f := range result.Findings {
		fmt.Printf("%s: %s: %s\n", f.Position, f.Severity, f.Message)
	}
	fmt.Println(result.Count(linter.Error), "errors")
	// Output:
	// traderadmin 0.1.0
	// values sets: default values, values-production.yaml, values-qa.yaml, values-staging.yaml, release
	// Kubernetes versions: v1.36, v1.37
	// 0 errors
}

// Require that images come from one registry. The finding is at the line of the template that prints the image, and
// names the key of the values that sets it.
func ExampleRun_ownRule() {
	registry := linter.Rule{
		ID:       "acme/image-registry",
		Title:    "Images come from registry.example.com",
		Why:      "The nodes cannot pull from other registries.",
		Severity: linter.Error,
		Check: func(p *linter.Pass) {
			for _, object := range p.Objects {
				for _, container := range object.Containers() {
					image := container.Get("image")
					if !strings.HasPrefix(image.Text(), "registry.example.com/") {
						message := fmt.Sprintf("%s runs %s", container, image.Text())
						p.Report(image, message, "Push the image to registry.example.com.")
					}
				}
			}
		},
	}
	options := linter.Options{Rules: []linter.Rule{registry}}
	result, err := linter.Run(context.Background(), []string{"testdata/shop"}, options)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range result.Findings {
		fmt.Printf("%s: %s:\n%s\n", f.Position, f.Severity, f.Message)
		fmt.Printf("set by %s, %s\n", f.Value.Key, f.Value.Position)
		fmt.Println(f.Fix)
	}
	// Output:
	// testdata/shop/templates/deployment.yaml:12: error:
	// container "shop" of Deployment/shop runs docker.io/acme/shop:1.2.0
	// set by image, testdata/shop/values.yaml:1:8
	// Push the image to registry.example.com.
}

// Print what a release requests from the cluster.
func ExampleBudgets() {
	budgets, err := linter.Budgets(context.Background(), []string{"testdata/shop"}, linter.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range budgets {
		fmt.Printf("%s:\n%s", b.Chart, b.Table)
	}
	// Output:
	// testdata/shop:
	// WORKLOAD         CONTAINER  ROLE  PODS  MAX  SURGE  REQUESTS.CPU  REQUESTS.MEMORY  LIMITS.CPU  LIMITS.MEMORY
	// Deployment/shop  shop       main  1     1    1      100m          128Mi            500m        128Mi
	// as installed                      1                 100m          128Mi            500m        128Mi
	// scaled up                         1                 100m          128Mi            500m        128Mi
	// rolling out                       2                 200m          256Mi            1           256Mi
	// peak                              2                 200m          256Mi            1           256Mi
}
