package steps

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"github.com/traderadmin/charts/internal/rollout"
)

func (s *scenario) deploymentSteps() []Step {
	return []Step{
		{
			Phrase: `deployment[s]/NAMES appear[s] in namespace "NAMESPACE"`, Method: s.deploymentsAppear,
			Does: "Waits until each of these Deployments is rolled out: `deployment/a, b and c appear in …`.",
			Example: `
When I run helm install shop ./shop
And I run helm install other-shop ./shop
Then deployment/shop and other-shop appear in namespace "shop"`,
		},
	}
}

// deploymentsAppear holds when every Deployment named in list exists in the namespace and is rolled out.
func (s *scenario) deploymentsAppear(ctx context.Context, list, namespace string) error {
	deployments := names(list)
	missing := make([]error, len(deployments))
	var waits sync.WaitGroup
	for i, name := range deployments {
		waits.Go(func() { missing[i] = s.await(ctx, namespace, rollout.Ready("deployment", name)) })
	}
	waits.Wait()
	return errors.Join(missing...)
}

// separators stand between the names of a list in a sentence: "a, b and c".
var separators = regexp.MustCompile(`, and | and |, `)

func names(list string) []string { return separators.Split(list, -1) }

// await waits, for as long as the suite lets a step wait, for condition in the namespace that the scenario calls by this name.
func (s *scenario) await(ctx context.Context, namespace string, condition rollout.Condition) error {
	return rollout.Await(ctx, s.suite.cluster, s.namespaces.real(namespace), s.suite.options.Wait, condition)
}
