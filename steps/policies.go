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

// policySteps are the steps that evaluate NetworkPolicies.
type policySteps struct{ *view }

// examplePolicy lets only pods with a label reach the Deployment of exampleDeployment.
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

func (s policySteps) rows() []Step {
	return []Step{
		{
			Phrase: `pods of WORKLOAD may reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.mayReach,
			Does: "Checks that the NetworkPolicies of the namespace let pods of the first workload connect by TCP to a port " +
				"that pods of the second one declare: both the egress of the former and the ingress of the latter. The policies " +
				"are evaluated; no packet is sent. A peer that is an `ipBlock` matches no pod.",
			Example: examplePolicy + `
Then pods of deployment/client may reach deployment/web on port 8000`,
		},
		{
			Phrase: `pods of WORKLOAD may not reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.mayNotReach,
			Does: "Checks that the NetworkPolicies keep pods of the first workload from connecting to the port.",
			Example: examplePolicy + `
Then pods of deployment/web may not reach deployment/web on port 8000`,
		},
		{
			Phrase: `other pods may not reach WORKLOAD on port N[ in namespace "NAMESPACE"]`, Method: s.othersMayNotReach,
			Does: "Checks that the NetworkPolicies keep a pod of the namespace without any labels from connecting to the port.",
			Example: examplePolicy + `
Then other pods may not reach deployment/web on port 8000`,
		},
	}
}

func (s policySteps) mayReach(ctx context.Context, from, to string, port int, namespace string) error {
	verdict, err := s.evaluate(ctx, from, to, port, namespace)
	if err == nil && !verdict.Allowed {
		err = fmt.Errorf("pods of %s may not reach %s on port %d: %s", from, to, port, verdict.Reason)
	}
	return err
}

func (s policySteps) mayNotReach(ctx context.Context, from, to string, port int, namespace string) error {
	verdict, err := s.evaluate(ctx, from, to, port, namespace)
	if err == nil && verdict.Allowed {
		err = fmt.Errorf("pods of %s may reach %s on port %d: %s", from, to, port, verdict.Reason)
	}
	return err
}

func (s policySteps) othersMayNotReach(ctx context.Context, to string, port int, namespace string) error {
	verdict, err := s.evaluate(ctx, "", to, port, namespace)
	if err == nil && verdict.Allowed {
		err = fmt.Errorf("any pod may reach %s on port %d: %s", to, port, verdict.Reason)
	}
	return err
}

// evaluate decides whether pods of one workload, or a pod without labels if from is "", may reach a port of another.
func (s policySteps) evaluate(
	ctx context.Context, from, to string, port int, namespace string,
) (netpol.Verdict, error) {
	name := s.inCluster(namespace)
	within, err := s.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return netpol.Verdict{}, err
	}
	source := netpol.Pod{Name: "a pod without labels", Namespace: name, NamespaceLabels: within.Labels}
	if from != "" {
		if source, err = s.pod(ctx, from, namespace, within); err != nil {
			return netpol.Verdict{}, err
		}
	}
	target, err := s.pod(ctx, to, namespace, within)
	if err != nil {
		return netpol.Verdict{}, err
	}
	if !slices.ContainsFunc(target.Ports, func(p corev1.ContainerPort) bool { return int(p.ContainerPort) == port }) {
		return netpol.Verdict{}, fmt.Errorf("no container of %s declares port %d%s",
			to, port, only(numbers(target.Ports)))
	}
	policies, err := s.client.NetworkingV1().NetworkPolicies(name).List(ctx, everything)
	if err != nil {
		return netpol.Verdict{}, err
	}
	return netpol.Evaluate(policies.Items, source, target, netpol.Port{Number: int32(port), Protocol: corev1.ProtocolTCP})
}

// pod returns a pod of a workload, as NetworkPolicies see it.
func (s policySteps) pod(ctx context.Context, named, namespace string, within *corev1.Namespace) (netpol.Pod, error) {
	pod := netpol.Pod{Name: named, Namespace: within.Name, NamespaceLabels: within.Labels}
	found, err := s.workload(ctx, named, namespace)
	if err != nil {
		return pod, err
	}
	pod.Labels = found.template.Labels
	for _, container := range allContainers(found.template) {
		pod.Ports = append(pod.Ports, container.Ports...)
	}
	return pod, nil
}

func numbers(ports []corev1.ContainerPort) []string {
	var all []string
	for _, port := range ports {
		all = append(all, strconv.Itoa(int(port.ContainerPort)))
	}
	return all
}
