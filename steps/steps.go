// Package steps is the vocabulary in which scenarios say what a Helm chart must do.
//
// A step is a row of a table, its phrase and the method behind it; each noun (helm, deployments, pods, …) has a file of its own with its rows and
// its methods. Nothing in it is about one chart: which release a suite tests, where its chart lies and which namespace is meant where none is named
// are Options.
//
//	world, err := steps.NewWorld(config, steps.Options{Release: "shop", Chart: "./charts/shop", Namespace: "shop"})
//	...
//	suite := godog.TestSuite{ScenarioInitializer: func(sc *godog.ScenarioContext) { steps.Register(sc, world) }}
//
// Scenarios do not see each other: a namespace that a scenario names stands for one made for it alone, which is deleted after it.
package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cucumber/godog"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/internal/helm"
)

// Options say what a suite tests.
type Options struct {
	// Release is the name of the release under test, which steps mean that name none.
	Release string
	// Chart is where its chart lies, as a person would type it after `helm install NAME`.
	Chart string
	// Namespace is the one that is meant where a step names none. It exists without anybody making it.
	Namespace string
	// Dir is the folder that relative paths start from; "" is the one that the process is in.
	Dir string
	// Wait is how long a step may wait for the cluster; 0 means one minute.
	Wait time.Duration
}

// World is what all scenarios of a suite share: a cluster and what is tested on it. It is safe for concurrent use.
type World struct {
	options Options
	helm    *helm.Client
	cluster kubernetes.Interface
}

// NewWorld returns the world of a suite that runs on the cluster that config leads to. It asks the cluster nothing yet.
func NewWorld(config *rest.Config, options Options) (*World, error) {
	switch {
	case options.Release == "" || options.Chart == "" || options.Namespace == "":
		return nil, errors.New("steps: say which release, chart and namespace the suite tests")
	case options.Wait == 0:
		options.Wait = time.Minute
	}
	client, err := helm.New(config, helm.Options{Namespace: options.Namespace, Dir: options.Dir})
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	cluster, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	return &World{options: options, helm: client, cluster: cluster}, nil
}

// step is one row of the vocabulary: a regular expression, and a method that takes what its groups match.
type step struct {
	phrase string
	method any
}

// Register gives sc, the context of one scenario, the whole vocabulary.
func Register(sc *godog.ScenarioContext, world *World) {
	s := &scenario{world: world, release: world.options.Release, chart: world.options.Chart}
	for _, rows := range [][]step{s.clusterSteps(), s.helmSteps(), s.deploymentSteps(), s.podSteps()} {
		for _, row := range rows {
			sc.Step(row.phrase, row.method)
		}
	}
	sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
		return ctx, s.cleanUp()
	})
}

// scenario is what one scenario knows while it runs.
type scenario struct {
	world      *World
	release    string     // under test: the last one that the scenario named
	chart      string     // of that release
	namespaces namespaces // by the names that the scenario calls them
}
