package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubectl/pkg/util"
)

func (s *scenario) serviceSteps() []Step {
	return []Step{
		{
			Phrase: `SERVICE[ port PORT] leads to N pod[s] of WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.serviceLeadsTo,
			Does: "Waits until the Service's EndpointSlices have this number of ready addresses, all of pods of the workload, and wants the target port to be one that these pods declare. " +
				"A port is a number or a name; without one, all ports of the Service are meant.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then service/shop leads to 2 pods of deployment/shop
And service/shop port 80 leads to 2 pods of deployment/shop
And service/shop port http leads to 2 pods of deployment/shop`,
		},
	}
}

// serviceLeadsTo follows a Service to the pods behind it.
func (s *scenario) serviceLeadsTo(ctx context.Context, calledService, port string, pods int, called, namespace string) error {
	behind, err := s.workload(ctx, called, namespace)
	if err != nil {
		return err
	}
	_, name := workload(calledService)
	found, err := s.subject("service", name, namespace)
	if err != nil {
		return err
	}
	object, err := found.get(ctx)
	if err != nil {
		return err
	}
	service := new(corev1.Service)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, service); err != nil {
		return err
	}
	ports, err := targets(service, port, behind)
	if err != nil {
		return fmt.Errorf("%s: %w", calledService, err)
	}
	endpoints, err := s.subject("endpointslices.discovery.k8s.io", "", namespace)
	if err != nil {
		return err
	}
	err = s.awaitObjects(ctx, endpoints.client, ofService(name), func(found []*unstructured.Unstructured) (bool, error) {
		all := make([]discoveryv1.EndpointSlice, len(found))
		for i, object := range found {
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &all[i]); err != nil {
				return true, err
			}
		}
		if err := s.leadTo(ctx, all, ports, pods, behind); err != nil {
			return false, err
		}
		return false, s.selectsOnly(ctx, service, ports, behind)
	})
	if err != nil {
		return about{fmt.Sprintf("%s in namespace %q", calledService, s.named(namespace)), err}
	}
	return nil
}

// target is where a port of a Service leads to.
type target struct {
	service corev1.ServicePort
	number  int32 // of the pods
}

// targets are the ports that a step means, which the pods behind the Service must declare.
func targets(service *corev1.Service, port string, behind *workloadObject) ([]target, error) {
	var found []target
	var others []string
	for _, p := range service.Spec.Ports {
		others = append(others, strings.TrimSpace(fmt.Sprintf("%d %s", p.Port, p.Name)))
		if port != "" && port != p.Name && port != strconv.Itoa(int(p.Port)) {
			continue
		}
		number, err := behind.declares(p)
		if err != nil {
			return nil, err
		}
		found = append(found, target{p, number})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("it has no port %s, only %s", port, listed(others))
	}
	return found, nil
}

// declares returns the port of the workload's pods that a port of a Service leads to.
func (w *workloadObject) declares(port corev1.ServicePort) (int32, error) {
	var all []string
	for _, container := range containers(w.template) {
		for _, p := range container.Ports {
			named := port.TargetPort.Type == intstr.String && p.Name == port.TargetPort.StrVal
			if p.Protocol == port.Protocol && (named || port.TargetPort.Type == intstr.Int && p.ContainerPort == port.TargetPort.IntVal) {
				return p.ContainerPort, nil
			}
		}
		all = append(all, declared(container)...)
	}
	return 0, fmt.Errorf("port %d leads to port %s/%s, which no container of %s declares, only %s",
		port.Port, port.TargetPort.String(), port.Protocol, w.called, listed(all))
}

// leadTo says how EndpointSlices do not lead to this number of ready pods of a workload on each port, and to no others.
func (s *scenario) leadTo(ctx context.Context, found []discoveryv1.EndpointSlice, ports []target, pods int, behind *workloadObject) error {
	own, err := s.podsOf(ctx, behind)
	if err != nil {
		return err
	}
	var wrong []error
	for _, port := range ports {
		ready := readyPods(found, port.service.Name)
		for _, name := range slices.Sorted(maps.Keys(ready)) {
			if !slices.ContainsFunc(own, func(pod corev1.Pod) bool { return pod.Name == name }) {
				return fmt.Errorf("it leads to pod/%s, which is not of %s", name, behind.called)
			}
		}
		maps.DeleteFunc(ready, func(_ string, number int32) bool { return number != port.number })
		if len(ready) != pods {
			wrong = append(wrong, fmt.Errorf("port %d leads to %d ready pods, not %d", port.service.Port, len(ready), pods))
		}
	}
	return errors.Join(wrong...)
}

// selectsOnly says which pod a Service selects for one of these ports that is not of a workload: when its addresses are written, or as soon as that pod is ready, it leads
// there too.
func (s *scenario) selectsOnly(ctx context.Context, service *corev1.Service, ports []target, behind *workloadObject) error {
	if len(service.Spec.Selector) == 0 {
		return nil // somebody else writes its EndpointSlices
	}
	own, err := labels.Parse(behind.selector)
	if err != nil {
		return err
	}
	selected, err := s.suite.cluster.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()})
	if err != nil {
		return fmt.Errorf("list the pods that it selects: %w", err)
	}
	for _, pod := range selected.Items {
		ends := pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if !ends && !own.Matches(labels.Set(pod.Labels)) && slices.ContainsFunc(ports, func(port target) bool { return port.isOf(pod) }) {
			return fmt.Errorf("it leads to pod/%s, which is not of %s", pod.Name, behind.called)
		}
	}
	return nil
}

// isOf says whether the port leads to a pod that the Service selects: one with a name does not where no container declares it.
func (t target) isOf(pod corev1.Pod) bool {
	if t.service.TargetPort.Type == intstr.Int {
		return true
	}
	_, err := util.LookupContainerPortNumberByName(pod, t.service.TargetPort.StrVal)
	return err == nil
}

// ofService selects the EndpointSlices of a Service.
func ofService(name string) metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name}
}

// readyPods are the pods with a ready address for a Service's port of this name, each with the number that the port has there. A dual-stack pod has two
// addresses, and is one pod.
func readyPods(found []discoveryv1.EndpointSlice, port string) map[string]int32 {
	numbers := map[string]int32{}
	for _, slice := range found {
		for _, one := range slice.Ports {
			if one.Name == nil || *one.Name != port || one.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.TargetRef != nil && endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					numbers[endpoint.TargetRef.Name] = *one.Port
				}
			}
		}
	}
	return numbers
}
