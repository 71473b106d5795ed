package steps

import (
	"context"
	"fmt"
)

func (s *scenario) clusterSteps() []Step {
	return []Step{
		{
			Phrase: `a Kubernetes cluster`, Method: s.cluster,
			Does:    "Holds where an API server answers.",
			Example: "Given a Kubernetes cluster",
		},
		{
			Phrase: `a namespace "NAMESPACE"`, Method: s.ensureNamespace,
			Does: "Makes a namespace, as `--create-namespace` would. It stands for one that no other scenario sees, like every namespace that a scenario names.",
			Example: `
Given a namespace "staging"
When I run helm install shop ./shop --namespace staging
Then deployment/shop appears in namespace "staging"`,
		},
		{
			Phrase: `a namespace "NAMESPACE" with labels`, Method: s.namespaceWithLabels, Columns: []string{"key", "value"},
			Does: "Makes a namespace with labels, or gives them to the one that is there: the suite's own, for instance.",
			Example: `
Given a namespace "guarded" with labels
  | key                                | value      |
  | pod-security.kubernetes.io/enforce | restricted |
When I run helm install shop ./shop --namespace guarded
Then helm prints "would violate PodSecurity"`,
		},
	}
}

// cluster holds where an API server answers.
func (s *scenario) cluster(context.Context) error {
	if _, err := s.suite.cluster.Discovery().ServerVersion(); err != nil {
		return fmt.Errorf("ask the cluster for its version: %w", err)
	}
	return nil
}
