package steps

import (
	"context"

	"github.com/traderadmin/charts/internal/rollout"
)

func (s *scenario) podSteps() []step {
	return []step{
		{`^(\S+) pods use image "([^"]+)"$`, s.podsUseImage},
	}
}

// podsUseImage holds when the Deployment is rolled out in the suite's namespace and every pod of its newest ReplicaSet has a container of this
// image.
func (s *scenario) podsUseImage(ctx context.Context, deployment, image string) error {
	return s.await(ctx, s.world.options.Namespace, rollout.PodsUse(deployment, image))
}
