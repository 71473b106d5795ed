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

// drainSteps are the steps that evict pods.
type drainSteps struct {
	*view
	attempts *attempts
}

// exampleBudget is the disruption budget of the examples below.
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

func (s drainSteps) rows() []Step {
	return []Step{
		{
			Phrase: `I drain WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.drain,
			Does: "Evicts all pods of the workload at once, as `kubectl drain` does, and waits until they are gone. A pod " +
				"whose eviction a PodDisruptionBudget refuses is evicted later. The step fails when the budget would never " +
				"allow it.",
			Example: exampleBudget + `
When I run helm install shop ./shop --set replicaCount=2 --wait
And I drain deployment/shop
Then deployment/shop is rolled out with 2 pods`,
		},
		{
			Phrase: `I try to drain WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.tryDrain,
			Does: "Does the same, and may fail. A later step must check the outcome.",
			Example: exampleBudget + `
When I run helm install shop ./shop --set replicaCount=1 --wait
And I try to drain deployment/shop
Then it fails with "poddisruptionbudget/shop allows no eviction, though all 1 pods are healthy"`,
		},
	}
}

func (s drainSteps) tryDrain(ctx context.Context, named, namespace string) error {
	return s.attempts.try("drain "+named, func() error { return s.drain(ctx, named, namespace) })
}

func (s drainSteps) drain(ctx context.Context, named, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	drained, err := s.workload(ctx, named, namespace)
	if err != nil {
		return err
	}
	pods, err := s.livePods(ctx, drained)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return fmt.Errorf("%s has no pods to evict", named)
	}
	// All at once, so that only budgets delay an eviction, and not the order of evictions.
	evictions, evicting := errgroup.WithContext(ctx)
	for _, pod := range pods {
		evictions.Go(func() error {
			return aboutIf(fmt.Sprintf("drain %s: evict pod/%s", named, pod.Name),
				s.evict(evicting, pod, max(len(pods), drained.replicas)))
		})
	}
	if err := evictions.Wait(); err != nil {
		return err
	}
	for _, pod := range pods {
		client := s.resources.dynamic.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(pod.Namespace)
		if err := s.awaitGone(ctx, client, &pod); err != nil {
			return fmt.Errorf("drain %s: pod/%s was evicted: %w", named, pod.Name, err)
		}
	}
	return nil
}

// evict evicts a pod as soon as the disruption budgets allow it. Its workload has this number of replicas when all
// exist.
func (s drainSteps) evict(ctx context.Context, pod corev1.Pod, replicas int) error {
	eviction := &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}},
	}
	for {
		// The API server tells a client that asks too early to retry after ten seconds.
		if err := s.awaitBudgets(ctx, pod, replicas); err != nil {
			return err
		}
		err := s.client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, eviction)
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if !apierrors.IsTooManyRequests(err) {
			return err
		}
	}
}

// awaitBudgets waits until all disruption budgets that select a pod allow its eviction, or one never will.
func (s drainSteps) awaitBudgets(ctx context.Context, pod corev1.Pod, replicas int) error {
	budgets := s.resources.dynamic.Resource(policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"))
	return s.objects(ctx, budgets.Namespace(pod.Namespace), everything, func(all []*unstructured.Unstructured) mismatch {
		for _, object := range all {
			budget := new(policyv1.PodDisruptionBudget)
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, budget); err != nil {
				return permanent(err)
			}
			if refused := allows(budget, pod, replicas); refused.error != nil {
				return refused
			}
		}
		return met
	})
}

// allows returns why a disruption budget does not allow the eviction of a pod. The reason is final if the budget's
// controller has seen all replicas, and they are healthy.
func allows(budget *policyv1.PodDisruptionBudget, pod corev1.Pod, replicas int) mismatch {
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		return permanent(fmt.Errorf("poddisruptionbudget/%s: %w", budget.Name, err))
	}
	status := budget.Status
	allHealthy := int(status.ExpectedPods) >= replicas && status.CurrentHealthy >= status.ExpectedPods &&
		len(status.DisruptedPods) == 0
	switch {
	case !selector.Matches(labels.Set(pod.Labels)):
		return met
	case status.ObservedGeneration < budget.Generation:
		return pending(fmt.Errorf("the controller has not observed poddisruptionbudget/%s yet", budget.Name))
	case status.DisruptionsAllowed > 0:
		return met
	case allHealthy:
		return permanent(fmt.Errorf("poddisruptionbudget/%s allows no eviction, though all %d pods are healthy: it wants %d",
			budget.Name, status.ExpectedPods, status.DesiredHealthy))
	}
	return pending(fmt.Errorf("poddisruptionbudget/%s allows no eviction now: %d of %d pods are healthy, and it wants %d",
		budget.Name, status.CurrentHealthy, status.ExpectedPods, status.DesiredHealthy))
}
