package steps

import (
	"context"

	"github.com/traderadmin/charts/internal/rollout"
)

func (s *scenario) podSteps() []Step {
	return []Step{
		{
			Phrase: `NAME pods use image "IMAGE"`, Method: s.podsUseImage,
			Does: "Waits until the Deployment of this name is rolled out in the suite's namespace, and wants every pod of its newest revision to have a container of this image.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
Then shop pods use image "nginx:1.27"`,
		},
	}
}

// podsUseImage holds when the Deployment is rolled out in the suite's namespace and every pod of its newest ReplicaSet has a container of this
// image.
func (s *scenario) podsUseImage(ctx context.Context, deployment, image string) error {
	return s.await(ctx, s.suite.options.Namespace, rollout.PodsUseImage(deployment, image))
}
