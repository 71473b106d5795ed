package steps

import (
	"context"
	"fmt"
)

func (s *scenario) clusterSteps() []step {
	return []step{
		{
			phrase: `a Kubernetes cluster`, method: s.cluster,
			does:    "Holds where an API server answers.",
			example: "Given a Kubernetes cluster",
		},
		{
			phrase: `a namespace "NAMESPACE"`, method: s.ensureNamespace,
			does: "Makes a namespace, as `--create-namespace` would. It stands for one that no other scenario sees, like every namespace that a scenario names.",
			example: `
Given a namespace "staging"
When I run helm install shop ./shop --namespace staging
Then deployment/shop appears in namespace "staging"`,
		},
		{
			phrase: `a namespace "NAMESPACE" with labels`, method: s.namespaceWithLabels, columns: []string{"key", "value"},
			does: "Makes a namespace with labels, or gives them to the one that is there: the suite's own, for instance.",
			example: `
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
