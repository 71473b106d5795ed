package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// requestSteps are the steps that send requests between pods, and to Services.
type requestSteps struct {
	*view
	containers *containers
}

func (s requestSteps) rows() []Step {
	return []Step{
		{
			Phrase: `WORKLOAD reaches "URL"[ in namespace "NAMESPACE"]`, Method: s.reaches, Effects: NeedsContainers,
			Does: "Requests a URL from inside each pod, whose first container must run a stand-in, until it succeeds. " +
				"`http://…` succeeds with a status below 400, `tcp://HOST:PORT` when it accepts a connection, and " +
				"`redis://[:PASSWORD@]HOST:PORT[/COMMAND/ARGUMENT…]` when it answers a command, by default PING, without an " +
				"error.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop reaches "http://shop:80/"`,
		},
		{
			Phrase: `WORKLOAD hears "TEXT" from "URL"[ in namespace "NAMESPACE"]`, Method: s.hears, Effects: NeedsContainers,
			Does: "Requests a URL in the same way, until the answer contains the text. The answer may be an error, such as " +
				"`NOAUTH` from Redis.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop hears "404" from "http://shop:80/nowhere"`,
		},
		{
			Phrase: `WORKLOAD cannot reach "URL": "TEXT"[ in namespace "NAMESPACE"]`, Method: s.cannotReach,
			Effects: NeedsContainers,
			Does: "Requests a URL in the same way, until there is no answer for a reason that contains the text, such as " +
				"`connection refused`, `no such host` or `timeout`.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop cannot reach "http://127.0.0.1:81/": "connection refused"
And deployment/shop cannot reach "tcp://nobody:80": "no such host"`,
		},
		{
			Phrase: `WORKLOAD reaches all pods of WORKLOAD through "URL"[ in namespace "NAMESPACE"]`, Method: s.reachesAll,
			Effects: NeedsContainers,
			Does: "Requests a URL from inside each pod of the first workload, until each pod of the second one has answered. " +
				"Both must run stand-ins.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then deployment/shop reaches all pods of deployment/shop through "http://shop:80/"`,
		},
		{
			Phrase: `SERVICE port N answers "PATH" with N[ in namespace "NAMESPACE"]`, Method: s.serviceAnswers,
			Effects: NeedsContainers,
			Does: "Sends GET to each ready pod of a Service, through the API server as `kubectl port-forward` does, and " +
				"checks the HTTP status.",
			Example: `
When I run helm install shop ./shop
Then service/shop port 80 answers "/" with 200
And service/shop port 80 answers "/nowhere" with 404`,
		},
	}
}

// requestUntil requests a URL from each pod of a workload, until check accepts the answer.
func (s requestSteps) requestUntil(
	ctx context.Context, named, url, namespace string, check func(contract.Answer) error,
) error {
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		return s.until(ctx, func(ctx context.Context) error {
			answer, err := s.containers.request(ctx, pod, url)
			if err != nil {
				return err
			}
			return check(answer)
		})
	})
}

func (s requestSteps) reaches(ctx context.Context, named, url, namespace string) error {
	return s.requestUntil(ctx, named, url, namespace, func(answer contract.Answer) error {
		if answer.Error != "" || answer.Failed {
			return fmt.Errorf("%s: %s", url, describe(answer))
		}
		return nil
	})
}

func (s requestSteps) hears(ctx context.Context, named, text, url, namespace string) error {
	return s.requestUntil(ctx, named, url, namespace, func(answer contract.Answer) error {
		if answer.Error != "" || !strings.Contains(describe(answer), text) {
			return fmt.Errorf("%s: %s", url, describe(answer))
		}
		return nil
	})
}

func (s requestSteps) cannotReach(ctx context.Context, named, url, text, namespace string) error {
	return s.requestUntil(ctx, named, url, namespace, func(answer contract.Answer) error {
		switch {
		case answer.Error == "":
			return fmt.Errorf("%s is reached: %s", url, describe(answer))
		case !strings.Contains(answer.Error, text):
			return fmt.Errorf("%s is not reached, but not because of %q: %s", url, text, answer.Error)
		}
		return nil
	})
}

func (s requestSteps) reachesAll(ctx context.Context, named, others, url, namespace string) error {
	targets, err := s.rolledOut(ctx, others, namespace)
	if err != nil {
		return err
	}
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		var silent []string
		for _, target := range targets {
			silent = append(silent, target.Name)
		}
		return s.until(ctx, func(ctx context.Context) error {
			answer, err := s.containers.request(ctx, pod, url)
			if err != nil {
				return err
			}
			answered := strings.TrimSpace(answer.Body) // a stand-in answers with the name of its pod
			silent = slices.DeleteFunc(silent, func(name string) bool { return name == answered })
			if len(silent) > 0 {
				return fmt.Errorf("%s was not answered by pod/%s yet; the last answer is: %s",
					url, strings.Join(silent, ", pod/"), describe(answer))
			}
			return nil
		})
	})
}

func (s requestSteps) serviceAnswers(
	ctx context.Context, named string, port int, path string, status int, namespace string,
) error {
	_, name := kindAndName(named)
	service, err := s.client.CoreV1().Services(s.inCluster(namespace)).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	portName, declared := "", []string{}
	for _, p := range service.Spec.Ports {
		declared = append(declared, fmt.Sprint(p.Port))
		if int(p.Port) == port {
			portName = p.Name
		}
	}
	if !slices.Contains(declared, fmt.Sprint(port)) {
		return fmt.Errorf("%s has no port %d%s", named, port, only(declared))
	}
	return s.until(ctx, func(ctx context.Context) error {
		pods, err := s.behind(ctx, service.Namespace, name, portName)
		if err != nil {
			return err
		}
		for pod, number := range pods {
			if err := s.containers.get(ctx, service.Namespace, pod, number, path, status); err != nil {
				return fmt.Errorf("pod/%s: %w", pod, err)
			}
		}
		return nil
	})
}

// behind returns the ready pods behind a port of a Service, each with its own port. There is at least one.
func (s requestSteps) behind(ctx context.Context, namespace, service, port string) (map[string]int32, error) {
	endpoints, err := s.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, ofService(service))
	if err != nil {
		return nil, err
	}
	found := readyPods(endpoints.Items, port)
	if len(found) == 0 {
		return nil, fmt.Errorf("service/%s leads to no ready pod", service)
	}
	return found, nil
}
