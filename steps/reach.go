package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/steps/internal/netpol"
)

// examplePolicy lets only pods with a label reach the deployment of exampleDeployment.
const examplePolicy = exampleDeployment + `
And the objects
  """
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: client}
  spec:
    selector: {matchLabels: {app: client}}
    template:
      metadata: {labels: {app: client}}
      spec: {containers: [{name: client, image: "client:1"}]}
  ---
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: web}
  spec:
    podSelector: {matchLabels: {app: web}}
    ingress:
      - from: [{podSelector: {matchLabels: {app: client}}}]
        ports: [{port: http}]
  """`

func (s *scenario) reachSteps() []Step {
	return []Step{
		{
			Phrase: `pods of WORKLOAD may reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.mayReach,
			Does: "Holds when the NetworkPolicies of the namespace let pods of the first workload connect by TCP to a port that pods of the second declare: for what leaves the one and what " +
				"comes to the other. The policies are evaluated, not tried: no packet is sent. Peers that are an `ipBlock` match nothing.",
			Example: examplePolicy + `
Then pods of deployment/client may reach deployment/web on port 8000`,
		},
		{
			Phrase: `pods of WORKLOAD may not reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.mayNotReach,
			Does: "Holds when the NetworkPolicies keep pods of the first workload from the port.",
			Example: examplePolicy + `
Then pods of deployment/web may not reach deployment/web on port 8000`,
		},
		{
			Phrase: `other pods may not reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.othersMayNotReach,
			Does: "Holds when the NetworkPolicies keep a pod of the namespace that has no labels from the port.",
			Example: examplePolicy + `
Then other pods may not reach deployment/web on port 8000`,
		},
	}
}

func (s *scenario) mayReach(ctx context.Context, from, to string, port int, namespace string) error {
	answer, err := s.askPolicies(ctx, from, to, port, namespace)
	if err == nil && !answer.Allowed {
		err = fmt.Errorf("pods of %s may not reach %s on port %d: %s", from, to, port, answer.Reason)
	}
	return err
}

func (s *scenario) mayNotReach(ctx context.Context, from, to string, port int, namespace string) error {
	answer, err := s.askPolicies(ctx, from, to, port, namespace)
	if err == nil && answer.Allowed {
		err = fmt.Errorf("pods of %s may reach %s on port %d: %s", from, to, port, answer.Reason)
	}
	return err
}

func (s *scenario) othersMayNotReach(ctx context.Context, to string, port int, namespace string) error {
	answer, err := s.askPolicies(ctx, "", to, port, namespace)
	if err == nil && answer.Allowed {
		err = fmt.Errorf("any pod may reach %s on port %d: %s", to, port, answer.Reason)
	}
	return err
}

// askPolicies asks the NetworkPolicies of a namespace whether pods of a workload, or one without labels where from is "", reach a port of another.
func (s *scenario) askPolicies(ctx context.Context, from, to string, port int, namespace string) (netpol.Verdict, error) {
	real := s.real(namespace)
	place, err := s.suite.cluster.CoreV1().Namespaces().Get(ctx, real, metav1.GetOptions{})
	if err != nil {
		return netpol.Verdict{}, err
	}
	end := func(called string) (netpol.Pod, error) {
		pod := netpol.Pod{Name: "a pod without labels", Namespace: real, NamespaceLabels: place.Labels}
		if called == "" {
			return pod, nil
		}
		of, err := s.workload(ctx, called, namespace)
		if err != nil {
			return pod, err
		}
		pod.Name, pod.Labels = called, of.template.Labels
		for _, container := range containers(of.template) {
			pod.Ports = append(pod.Ports, container.Ports...)
		}
		return pod, nil
	}
	source, err := end(from)
	if err != nil {
		return netpol.Verdict{}, err
	}
	target, err := end(to)
	if err != nil {
		return netpol.Verdict{}, err
	}
	if !slices.ContainsFunc(target.Ports, func(p corev1.ContainerPort) bool { return int(p.ContainerPort) == port }) {
		return netpol.Verdict{}, fmt.Errorf("no container of %s declares port %d, only %s", to, port, listed(numbers(target.Ports)))
	}
	policies, err := s.suite.cluster.NetworkingV1().NetworkPolicies(real).List(ctx, metav1.ListOptions{})
	if err != nil {
		return netpol.Verdict{}, err
	}
	return netpol.Evaluate(policies.Items, source, target, netpol.Port{Number: int32(port), Protocol: corev1.ProtocolTCP})
}

func numbers(ports []corev1.ContainerPort) []string {
	var all []string
	for _, port := range ports {
		all = append(all, strconv.Itoa(int(port.ContainerPort)))
	}
	return all
}
