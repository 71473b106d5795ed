package steps

import (
	"context"
	"fmt"
)

func (s *scenario) clusterSteps() []step {
	return []step{
		{`^a Kubernetes cluster$`, s.cluster},
	}
}

// cluster holds where an API server answers.
func (s *scenario) cluster(context.Context) error {
	if _, err := s.world.cluster.Discovery().ServerVersion(); err != nil {
		return fmt.Errorf("ask the cluster for its version: %w", err)
	}
	return nil
}
