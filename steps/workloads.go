package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/internal/rollout"
)

func (s *scenario) workloadSteps() []Step {
	return []Step{
		{
			Phrase: `WORKLOAD is rolled out[ in namespace "NAMESPACE"]`, Method: s.isRolledOut,
			Does: "Waits until the workload is rolled out: its controller has seen the newest spec, and all pods are of it and available. A Job is when it is complete.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then deployment/shop is rolled out`,
		},
		{
			Phrase: `WORKLOAD is rolled out with N pod[s][ in namespace "NAMESPACE"]`, Method: s.isRolledOutWith,
			Does: "The same, with this number of pods.",
			Example: `
When I run helm install shop ./shop --set replicaCount=3
Then deployment/shop is rolled out with 3 pods`,
		},
		{
			Phrase: `WORKLOAD cannot be rolled out: "TEXT"[ in namespace "NAMESPACE"]`, Method: s.cannotBeRolledOut,
			Does: "Holds when the workload is not rolled out, and the reason contains the text. It ends as soon as the reason is one that no waiting will change, and else with the time that " +
				"a step may wait.",
			Example: `
When I run helm install shop ./shop --set image.repository=registry.invalid/shop
Then deployment/shop cannot be rolled out: "registry.invalid/shop"`,
		},
		{
			Phrase: `WORKLOAD got new pods[ in namespace "NAMESPACE"]`, Method: s.gotNewPods, Effects: ComparesPods,
			Does: "Waits until the workload is rolled out, with no pod left from before the last `helm install`, `upgrade` or `rollback` of the scenario.",
			Example: `
When I run helm install shop ./shop --wait
And I run helm upgrade with --set image.tag=1.27
Then deployment/shop got new pods`,
		},
		{
			Phrase: `WORKLOAD kept its pods[ in namespace "NAMESPACE"]`, Method: s.keptItsPods, Effects: ComparesPods,
			Does: "Waits until the workload is rolled out, and wants every pod to be from before the last `helm install`, `upgrade` or `rollback` of the scenario.",
			Example: `
When I run helm install shop ./shop --wait
And I run helm upgrade with --set service.type=NodePort
Then deployment/shop kept its pods`,
		},
	}
}

// workload is one as a scenario names it.
func workload(called string) (kind, name string) {
	kind, name, _ = strings.Cut(called, "/")
	return kind, name
}

func (s *scenario) isRolledOut(ctx context.Context, called, namespace string) error {
	kind, name := workload(called)
	return s.await(ctx, s.named(namespace), rollout.Ready(kind, name))
}

func (s *scenario) isRolledOutWith(ctx context.Context, called string, pods int, namespace string) error {
	kind, name := workload(called)
	return s.await(ctx, s.named(namespace), rollout.PodCount(kind, name, pods))
}

func (s *scenario) cannotBeRolledOut(ctx context.Context, called, text, namespace string) error {
	err := s.isRolledOut(ctx, called, namespace)
	waited := (*rollout.Error)(nil)
	switch {
	case err == nil:
		return fmt.Errorf("%s is rolled out, where %q should have kept it from that", called, text)
	case ctx.Err() != nil || !errors.As(err, &waited):
		return err
	case !strings.Contains(waited.Cause.Error(), text):
		return fmt.Errorf("%s cannot be rolled out, but not because of %q: %w", called, text, err)
	}
	return nil
}

// before is what there was before the last command that may change pods.
type before struct {
	command string
	pods    map[types.UID]bool
}

// changesPods are the commands that such a step is about.
var changesPods = []string{"install", "upgrade", "rollback"}

// rememberPods notes which pods there are, if a step of the scenario will ask.
func (s *scenario) rememberPods(ctx context.Context, words []string) error {
	if !s.comparesPods || len(words) == 0 || !slices.Contains(changesPods, words[0]) {
		return nil
	}
	s.before = &before{"helm " + strings.Join(words, " "), map[types.UID]bool{}}
	for _, namespace := range s.namespaces.all() {
		pods, err := s.suite.cluster.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("look which pods there are before %s: %w", s.before.command, err)
		}
		for _, pod := range pods.Items {
			s.before.pods[pod.UID] = true
		}
	}
	return nil
}

func (s *scenario) gotNewPods(ctx context.Context, called, namespace string) error {
	return s.comparePods(ctx, called, namespace, "have none but new pods", func(pod *corev1.Pod) error {
		if s.before.pods[pod.UID] {
			return fmt.Errorf("it is rolled out, and pod/%s was there before `%s`", pod.Name, s.before.command)
		}
		return nil
	})
}

func (s *scenario) keptItsPods(ctx context.Context, called, namespace string) error {
	return s.comparePods(ctx, called, namespace, "have kept its pods", func(pod *corev1.Pod) error {
		if !s.before.pods[pod.UID] {
			return fmt.Errorf("it is rolled out, and pod/%s is new since `%s`", pod.Name, s.before.command)
		}
		return nil
	})
}

func (s *scenario) comparePods(ctx context.Context, called, namespace, want string, check func(*corev1.Pod) error) error {
	if s.before == nil {
		return errors.New("no helm install, upgrade or rollback ran before this step, since which pods could be new")
	}
	kind, name := workload(called)
	return s.await(ctx, s.named(namespace), rollout.PodsMatch(kind, name, want, func(pods []*corev1.Pod) error {
		for _, pod := range pods {
			if err := check(pod); err != nil {
				return rollout.Permanent(err)
			}
		}
		return nil
	}))
}
