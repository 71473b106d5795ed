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

// serviceSteps are the steps about the pods behind Services.
type serviceSteps struct{ *view }

func (s serviceSteps) rows() []Step {
	return []Step{
		{
			Phrase: `SERVICE[ port PORT] leads to N pod[s] of WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.leadsTo,
			Does: "Waits until the Service's EndpointSlices have this number of ready addresses, all of pods of the " +
				"workload, and checks that these pods declare the target port. A port is a number or a name; without one, the " +
				"step checks all ports of the Service.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then service/shop leads to 2 pods of deployment/shop
And service/shop port 80 leads to 2 pods of deployment/shop
And service/shop port http leads to 2 pods of deployment/shop`,
		},
	}
}

func (s serviceSteps) leadsTo(ctx context.Context, namedService, port string, pods int, named, namespace string) error {
	behind, err := s.workload(ctx, named, namespace)
	if err != nil {
		return err
	}
	_, name := kindAndName(namedService)
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
		return fmt.Errorf("%s: %w", namedService, err)
	}
	endpoints, err := s.subject("endpointslices.discovery.k8s.io", "", namespace)
	if err != nil {
		return err
	}
	err = s.objects(ctx, endpoints.client, ofService(name), func(found []*unstructured.Unstructured) mismatch {
		all := make([]discoveryv1.EndpointSlice, len(found))
		for i, object := range found {
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &all[i]); err != nil {
				return permanent(err)
			}
		}
		if err := s.checkEndpoints(ctx, all, ports, pods, behind); err != nil {
			return pending(err)
		}
		return pending(s.checkSelected(ctx, service, ports, behind))
	})
	return aboutIf(fmt.Sprintf("%s in namespace %q", namedService, s.named(namespace)), err)
}

// target is a port of a Service with the port of the pods that it leads to.
type target struct {
	service corev1.ServicePort
	number  int32
}

// targets returns the ports of a Service that a step names. The pods behind the Service must declare them.
func targets(service *corev1.Service, port string, behind *workload) ([]target, error) {
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
		return nil, fmt.Errorf("it has no port %s%s", port, only(others))
	}
	return found, nil
}

// declares returns the port of the workload's pods that a port of a Service leads to.
func (w *workload) declares(port corev1.ServicePort) (int32, error) {
	var all []string
	for _, container := range allContainers(w.template) {
		for _, p := range container.Ports {
			target := port.TargetPort
			named := target.Type == intstr.String && target.StrVal == p.Name
			numbered := target.Type == intstr.Int && target.IntVal == p.ContainerPort
			if p.Protocol == port.Protocol && (named || numbered) {
				return p.ContainerPort, nil
			}
		}
		all = append(all, declared(container)...)
	}
	return 0, fmt.Errorf("port %d leads to port %s/%s, which no container of %s declares%s",
		port.Port, port.TargetPort.String(), port.Protocol, w.named, only(all))
}

// checkEndpoints returns an error unless EndpointSlices have, for each port, this number of ready pods of a workload,
// and no others.
func (s serviceSteps) checkEndpoints(
	ctx context.Context, found []discoveryv1.EndpointSlice, ports []target, pods int, behind *workload,
) error {
	own, err := s.livePods(ctx, behind)
	if err != nil {
		return err
	}
	var wrong []error
	for _, port := range ports {
		ready := readyPods(found, port.service.Name)
		for _, name := range slices.Sorted(maps.Keys(ready)) {
			if !slices.ContainsFunc(own, func(pod corev1.Pod) bool { return pod.Name == name }) {
				return fmt.Errorf("it leads to pod/%s, which is not of %s", name, behind.named)
			}
		}
		maps.DeleteFunc(ready, func(_ string, number int32) bool { return number != port.number })
		if len(ready) != pods {
			wrong = append(wrong, fmt.Errorf("port %d leads to %d ready pods, not %d", port.service.Port, len(ready), pods))
		}
	}
	return errors.Join(wrong...)
}

// checkSelected returns an error if a Service selects a pod that is not of a workload, and leads to it on one of these
// ports as soon as that pod is ready.
func (s serviceSteps) checkSelected(
	ctx context.Context, service *corev1.Service, ports []target, behind *workload,
) error {
	if len(service.Spec.Selector) == 0 {
		return nil // its EndpointSlices are not written by the controller
	}
	own, err := labels.Parse(behind.selector)
	if err != nil {
		return err
	}
	selector := metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()}
	selected, err := s.client.CoreV1().Pods(service.Namespace).List(ctx, selector)
	if err != nil {
		return fmt.Errorf("list the pods that it selects: %w", err)
	}
	for _, pod := range selected.Items {
		if pod.DeletionTimestamp != nil || ended(&pod) || own.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if slices.ContainsFunc(ports, func(port target) bool { return port.leadsTo(pod) }) {
			return fmt.Errorf("it leads to pod/%s, which is not of %s", pod.Name, behind.named)
		}
	}
	return nil
}

// leadsTo reports whether the port leads to a pod that the Service selects. A named port only does if a container
// declares it.
func (t target) leadsTo(pod corev1.Pod) bool {
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

// readyPods returns the names of the pods with a ready address for a port of a Service, each with the number of the
// port. A dual-stack pod has two addresses, and counts once.
func readyPods(found []discoveryv1.EndpointSlice, port string) map[string]int32 {
	numbers := map[string]int32{}
	for _, slice := range found {
		for _, p := range slice.Ports {
			if p.Name == nil || *p.Name != port || p.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.TargetRef != nil && endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
					numbers[endpoint.TargetRef.Name] = *p.Port
				}
			}
		}
	}
	return numbers
}
