package steps

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/traderadmin/charts/internal/rollout"
)

// workloadSteps are the steps about the rollout of workloads.
type workloadSteps struct {
	*view
	helm *helmRunner
}

func (s workloadSteps) rows() []Step {
	return []Step{
		{
			Phrase: `deployment[s]/NAMES appear[s] in namespace "NAMESPACE"`, Method: s.deploymentsAppear,
			Does: "Waits until each of these Deployments is rolled out.",
			Example: `
When I run helm install shop ./shop
And I run helm install other-shop ./shop
Then deployment/shop and other-shop appear in namespace "shop"`,
		},
		{
			Phrase: `NAME pods use image "IMAGE"`, Method: s.podsUseImage,
			Does: "Waits until the Deployment of this name is rolled out in the suite's namespace, and checks that every pod " +
				"of its newest revision has a container with this image.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
Then shop pods use image "nginx:1.27"`,
		},
		{
			Phrase: `WORKLOAD is rolled out[ in namespace "NAMESPACE"]`, Method: s.isRolledOut,
			Does: "Waits until the workload is rolled out: its controller has observed the latest spec, and all its pods " +
				"have that spec and are available. A Job is rolled out when it is complete.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then deployment/shop is rolled out`,
		},
		{
			Phrase: `WORKLOAD is rolled out with N pod[s][ in namespace "NAMESPACE"]`, Method: s.isRolledOutWith,
			Does: "Does the same, and checks the number of pods.",
			Example: `
When I run helm install shop ./shop --set replicaCount=3
Then deployment/shop is rolled out with 3 pods`,
		},
		{
			Phrase: `WORKLOAD cannot be rolled out: "TEXT"[ in namespace "NAMESPACE"]`, Method: s.cannotBeRolledOut,
			Does: "Checks that the workload is not rolled out, for a reason that contains the text. The step ends as soon as " +
				"the reason is one that waiting cannot change, or else when the time for a step is up.",
			Example: `
When I run helm install shop ./shop --set image.repository=registry.invalid/shop
Then deployment/shop cannot be rolled out: "registry.invalid/shop"`,
		},
		{
			Phrase: `WORKLOAD got new pods[ in namespace "NAMESPACE"]`, Method: s.gotNewPods, Effects: ComparesPods,
			Does: "Waits until the workload is rolled out, and checks that no pod is left from before the last `helm " +
				"install`, `helm upgrade` or `helm rollback` of the scenario. That command begins once the rollouts " +
				"before it have ended.",
			Example: `
When I run helm install shop ./shop --wait
And I run helm upgrade with --set image.tag=1.27
Then deployment/shop got new pods`,
		},
		{
			Phrase: `WORKLOAD kept its pods[ in namespace "NAMESPACE"]`, Method: s.keptItsPods, Effects: ComparesPods,
			Does: "Waits until the workload is rolled out, and checks that all pods are from before the last `helm install`, " +
				"`helm upgrade` or `helm rollback` of the scenario.",
			Example: `
When I run helm install shop ./shop --wait
And I run helm upgrade with --set service.type=NodePort
Then deployment/shop kept its pods`,
		},
	}
}

// separators stand between the names of a list in a sentence: "a, b and c".
var separators = regexp.MustCompile(`, and | and |, `)

func (s workloadSteps) deploymentsAppear(ctx context.Context, names, namespace string) error {
	deployments := separators.Split(names, -1)
	missing := make([]error, len(deployments))
	var waits sync.WaitGroup
	for i, name := range deployments {
		waits.Go(func() { missing[i] = s.await(ctx, namespace, rollout.Ready("deployment", name)) })
	}
	waits.Wait()
	return errors.Join(missing...)
}

func (s workloadSteps) podsUseImage(ctx context.Context, deployment, image string) error {
	return s.await(ctx, "", rollout.PodsUseImage(deployment, image))
}

func (s workloadSteps) isRolledOut(ctx context.Context, named, namespace string) error {
	return s.ready(ctx, named, namespace)
}

func (s workloadSteps) isRolledOutWith(ctx context.Context, named string, pods int, namespace string) error {
	kind, name := kindAndName(named)
	return s.await(ctx, namespace, rollout.PodCount(kind, name, pods))
}

func (s workloadSteps) cannotBeRolledOut(ctx context.Context, named, text, namespace string) error {
	failed, err := s.notReady(ctx, named, namespace)
	if err == nil && !strings.Contains(failed.Cause.Error(), text) {
		err = fmt.Errorf("%s cannot be rolled out, but not because of %q: %w", named, text, failed)
	}
	return err
}

func (s workloadSteps) gotNewPods(ctx context.Context, named, namespace string) error {
	return s.comparePods(ctx, named, namespace, "have only new pods", func(pod *corev1.Pod) error {
		if s.helm.before.pods[pod.UID] {
			return fmt.Errorf("it is rolled out, and pod/%s existed before `%s`", pod.Name, s.helm.before.command)
		}
		return nil
	})
}

func (s workloadSteps) keptItsPods(ctx context.Context, named, namespace string) error {
	return s.comparePods(ctx, named, namespace, "have kept its pods", func(pod *corev1.Pod) error {
		if !s.helm.before.pods[pod.UID] {
			return fmt.Errorf("it is rolled out, and pod/%s is new since `%s`", pod.Name, s.helm.before.command)
		}
		return nil
	})
}

// comparePods waits until a workload is rolled out, and holds each of its pods to check.
func (s workloadSteps) comparePods(
	ctx context.Context, named, namespace, goal string, check func(*corev1.Pod) error,
) error {
	if s.helm.before == nil {
		return errors.New("no helm install, upgrade or rollback ran before this step, so there are no pods to compare with")
	}
	kind, name := kindAndName(named)
	return s.await(ctx, namespace, rollout.PodsMatch(kind, name, goal, func(pods []*corev1.Pod) error {
		for _, pod := range pods {
			if err := check(pod); err != nil {
				return rollout.Permanent(err)
			}
		}
		return nil
	}))
}
