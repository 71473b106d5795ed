package steps

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// exampleBudget is an installed release of two pods, one of which may be missing.
const exampleBudget = `
Given the objects
  """
  apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata: {name: shop}
  spec:
    minAvailable: 1
    selector: {matchLabels: {app.kubernetes.io/name: shop}}
  """`

func (s *scenario) drainSteps() []Step {
	return []Step{
		{
			Phrase: `I drain WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.drain,
			Does: "Evicts every pod that the workload has, all at once, as `kubectl drain` does, and waits until they are gone. While a PodDisruptionBudget refuses one, " +
				"that one waits; it gives up when the budget would never allow it.",
			Example: exampleBudget + `
When I run helm install shop ./shop --set replicaCount=2 --wait
And I drain deployment/shop
Then deployment/shop is rolled out with 2 pods`,
		},
		{
			Phrase: `I try to drain WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.tryDrain,
			Does: "The same, when it may fail; a later step says whether it should have.",
			Example: exampleBudget + `
When I run helm install shop ./shop --set replicaCount=1 --wait
And I try to drain deployment/shop
Then it fails with "poddisruptionbudget/shop allows no eviction, though all 1 pods are healthy"`,
		},
	}
}

func (s *scenario) tryDrain(ctx context.Context, called, namespace string) error {
	return s.try("to drain "+called, func() error { return s.drain(ctx, called, namespace) })
}

func (s *scenario) drain(ctx context.Context, called, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, s.suite.options.Wait)
	defer cancel()
	drained, err := s.workload(ctx, called, namespace)
	if err != nil {
		return err
	}
	pods, err := s.podsOf(ctx, drained)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return fmt.Errorf("%s has no pods to evict", called)
	}
	// All at once, so that budgets are what keeps some, and not that others are replaced in between.
	evictions, evicting := errgroup.WithContext(ctx)
	for _, pod := range pods {
		evictions.Go(func() error {
			if err := s.evict(evicting, pod, max(len(pods), drained.replicas)); err != nil {
				return fmt.Errorf("drain %s: evict pod/%s: %w", called, pod.Name, err)
			}
			return nil
		})
	}
	if err := evictions.Wait(); err != nil {
		return err
	}
	live, err := s.subject("pod", "", namespace)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		err := s.awaitObject(ctx, live.client, pod.Name, func(object *unstructured.Unstructured) (bool, error) {
			if object == nil || object.GetUID() != pod.UID {
				return true, nil
			}
			return false, fmt.Errorf("pod/%s was evicted and is there still", pod.Name)
		})
		if err != nil {
			return fmt.Errorf("drain %s: %w", called, err)
		}
	}
	return nil
}

// evict asks for the eviction of one pod as soon as the disruption budgets allow it, until it is granted.
// There are siblings pods of its kind, itself included, once all are there.
func (s *scenario) evict(ctx context.Context, pod corev1.Pod, siblings int) error {
	eviction := &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}},
	}
	for {
		// Whoever asks too early is told to come back in ten seconds.
		if err := s.awaitBudgets(ctx, pod, siblings); err != nil {
			return err
		}
		err := s.suite.cluster.PolicyV1().Evictions(pod.Namespace).Evict(ctx, eviction)
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if !apierrors.IsTooManyRequests(err) {
			return err
		}
	}
}

// awaitBudgets waits until all disruption budgets that are about a pod allow its eviction, or one never will.
func (s *scenario) awaitBudgets(ctx context.Context, pod corev1.Pod, siblings int) error {
	budgets := s.suite.objects.Resource(policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")).Namespace(pod.Namespace)
	return s.awaitObjects(ctx, budgets, metav1.ListOptions{}, func(all []*unstructured.Unstructured) (bool, error) {
		for _, object := range all {
			budget := new(policyv1.PodDisruptionBudget)
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, budget); err != nil {
				return true, err
			}
			if never, err := refuses(budget, pod, siblings); err != nil {
				return never, err
			}
		}
		return true, nil
	})
}

// refuses says how a disruption budget does not allow the eviction of a pod, and whether it never will: when it does not although its controller has seen
// all siblings, and they are healthy.
func refuses(budget *policyv1.PodDisruptionBudget, pod corev1.Pod, siblings int) (never bool, reason error) {
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		return true, fmt.Errorf("poddisruptionbudget/%s: %w", budget.Name, err)
	}
	status := budget.Status
	switch {
	case !selector.Matches(labels.Set(pod.Labels)):
		return false, nil
	case status.ObservedGeneration < budget.Generation:
		return false, fmt.Errorf("the controller has not seen poddisruptionbudget/%s yet", budget.Name)
	case status.DisruptionsAllowed > 0:
		return false, nil
	case int(status.ExpectedPods) >= siblings && status.CurrentHealthy >= status.ExpectedPods && len(status.DisruptedPods) == 0:
		return true, fmt.Errorf("poddisruptionbudget/%s allows no eviction, though all %d pods are healthy: it wants %d of them",
			budget.Name, status.ExpectedPods, status.DesiredHealthy)
	}
	return false, fmt.Errorf("poddisruptionbudget/%s allows no eviction now: %d of %d pods are healthy, and it wants %d",
		budget.Name, status.CurrentHealthy, status.ExpectedPods, status.DesiredHealthy)
}
