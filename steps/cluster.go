package steps

import (
	"context"
	"fmt"

	"github.com/cucumber/godog"
)

// clusterSteps are the steps about the cluster and its namespaces.
type clusterSteps struct{ *view }

func (s clusterSteps) rows() []Step {
	return []Step{
		{
			Phrase: `a Kubernetes cluster`, Method: s.ping,
			Does:    "Checks that an API server answers.",
			Example: "Given a Kubernetes cluster",
		},
		{
			Phrase: `a namespace "NAMESPACE"`, Method: s.ensure,
			Does: "Creates a namespace, as `--create-namespace` does. Like every namespace that a scenario names, it stands " +
				"for one that no other scenario uses.",
			Example: `
Given a namespace "staging"
When I run helm install shop ./shop --namespace staging
Then deployment/shop appears in namespace "staging"`,
		},
		{
			Phrase: `a namespace "NAMESPACE" with labels`, Method: s.labelled, Columns: []string{"key", "value"},
			Does: "Creates a namespace with labels, or adds the labels to one that exists, such as the suite's.",
			Example: `
Given a namespace "guarded" with labels
  | key                                | value      |
  | pod-security.kubernetes.io/enforce | restricted |
When I run helm install shop ./shop --namespace guarded
Then helm prints "would violate PodSecurity"`,
		},
	}
}

func (s clusterSteps) ping(context.Context) error {
	if _, err := s.client.Discovery().ServerVersion(); err != nil {
		return fmt.Errorf("get the version of the cluster: %w", err)
	}
	return nil
}

func (s clusterSteps) labelled(ctx context.Context, name string, table *godog.Table) error {
	if s.single != "" {
		return fmt.Errorf("%w: the run may only use namespace %s, and must not label it", godog.ErrSkip, s.single)
	}
	if err := s.ensure(ctx, name); err != nil {
		return err
	}
	labels := map[string]string{}
	for _, row := range records(table) {
		labels[row["key"]] = row["value"]
	}
	return s.label(ctx, name, labels)
}
