package acceptance_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/steps"
)

// The test of a repository that has one chart below ./charts and its scenarios in ./features.
func ExampleRun() {
	_ = func(t *testing.T) { // TestFeatures
		acceptance.Run(t, acceptance.Suite{})
	}
}

// A program runs a scenario on a cluster that it has started.
func ExampleSuite_Begin() {
	ctx, suite := context.Background(), acceptance.Suite{
		Chart: "../charts/traderadmin", Release: "traderadmin", Namespace: "trader",
	}
	provider, err := acceptance.OpenCluster("embedded", suite.Chart, cluster.Options{}, os.Stderr)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := provider.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = provider.Stop() }()
	session, err := suite.Begin(ctx, provider, steps.Options{Progress: os.Stderr})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close(ctx) }()

	passed := session.Run(ctx, godog.Options{
		Format: "progress", Output: io.Discard,
		FeatureContents: []godog.Feature{{Name: "scaling.feature", Contents: []byte(`
Feature: Scaling
  Scenario: Two scanners
    When I run helm upgrade with --set replicaCount.goScanner=2
    Then deployment/go-scanner is rolled out with 2 pods
`)}},
	}, nil)
	fmt.Println("passed:", passed)
	// Output: passed: true
}
