package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/portforward"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

func (s *scenario) requestSteps() []Step {
	return []Step{
		{
			Phrase: `WORKLOAD reaches "URL"[ in namespace "NAMESPACE"]`, Method: s.reaches, Effects: NeedsContainers,
			Does: "Asks for a URL from inside each pod, whose first container must run a stand-in, until it succeeds: `http://…` answers with a status below 400, `tcp://HOST:PORT` takes a " +
				"connection, `redis://[:PASSWORD@]HOST:PORT[/COMMAND/ARGUMENT…]` answers a command (PING if none is given) with no error.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop reaches "http://shop:80/"`,
		},
		{
			Phrase: `WORKLOAD hears "TEXT" from "URL"[ in namespace "NAMESPACE"]`, Method: s.hears, Effects: NeedsContainers,
			Does: "Asks for a URL in the same way, until the answer contains the text. The answer may be an error, such as Redis's `NOAUTH`.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop hears "404" from "http://shop:80/nowhere"`,
		},
		{
			Phrase: `WORKLOAD cannot reach "URL": "TEXT"[ in namespace "NAMESPACE"]`, Method: s.cannotReach, Effects: NeedsContainers,
			Does: "Asks for a URL in the same way, until there is no answer for a reason that contains the text: `connection refused`, `no such host`, or `timeout`, for instance.",
			Example: `
When I run helm install shop ./shop
Then deployment/shop cannot reach "http://127.0.0.1:81/": "connection refused"
And deployment/shop cannot reach "tcp://nobody:80": "no such host"`,
		},
		{
			Phrase: `WORKLOAD reaches all pods of WORKLOAD through "URL"[ in namespace "NAMESPACE"]`, Method: s.reachesAll, Effects: NeedsContainers,
			Does: "Asks for a URL from inside each pod of the one workload, until each pod of the other has answered. Both must run stand-ins.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then deployment/shop reaches all pods of deployment/shop through "http://shop:80/"`,
		},
		{
			Phrase: `SERVICE port N answers "PATH" with N[ in namespace "NAMESPACE"]`, Method: s.serviceAnswers, Effects: NeedsContainers,
			Does: "Sends GET to each ready pod of a Service, through the API server as `kubectl port-forward` does, and wants this HTTP status.",
			Example: `
When I run helm install shop ./shop
Then service/shop port 80 answers "/" with 200
And service/shop port 80 answers "/nowhere" with 404`,
		},
		{
			Phrase: `a stream of requests to "URL"[ in namespace "NAMESPACE"]`, Method: s.startStream, Effects: NeedsContainers,
			Does: "Starts a pod that asks for a URL again and again, each time on a connection of its own, and waits for the first answer. The pod keeps to the Pod Security Standard `restricted`.",
			Example: `
When I run helm install shop ./shop
Given a stream of requests to "http://shop:80/"
Then no request was lost`,
		},
		{
			Phrase: `no request was lost`, Method: s.noneLost, Effects: NeedsContainers,
			Does: "Ends the scenario's streams of requests. Each that was sent since the first answer must have been answered with 200.",
			Example: `
When I run helm install shop ./shop
Given a stream of requests to "http://shop:80/"
Then no request was lost`,
		},
	}
}

// ask has the stand-in in pod ask for a URL.
func (s *Suite) ask(ctx context.Context, pod *corev1.Pod, url string) (contract.Answer, error) {
	var answer contract.Answer
	if !s.isStandIn(pod) {
		return answer, final{fmt.Errorf("container %q runs no stand-in but %s, which cannot be told to ask for a URL: name a workload that runs a stand-in",
			pod.Spec.Containers[0].Name, pod.Spec.Containers[0].Image)}
	}
	var out bytes.Buffer
	if err := s.exec(ctx, pod, nil, &out, contract.Program, "get", url); err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(out.Bytes(), &answer)
}

// askUntil has each pod of a workload ask for a URL until check finds nothing wrong with the answer.
func (s *scenario) askUntil(ctx context.Context, called, url, namespace string, check func(contract.Answer) error) error {
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		return s.eventually(ctx, func(ctx context.Context) error {
			answer, err := s.suite.ask(ctx, pod, url)
			if err != nil {
				return err
			}
			return check(answer)
		})
	})
}

func (s *scenario) reaches(ctx context.Context, called, url, namespace string) error {
	return s.askUntil(ctx, called, url, namespace, func(answer contract.Answer) error {
		if answer.Error != "" || answer.Failed {
			return fmt.Errorf("%s: %s", url, said(answer))
		}
		return nil
	})
}

// said is an answer in words.
func said(answer contract.Answer) string {
	switch {
	case answer.Error != "":
		return answer.Error
	case answer.Status != 0:
		return fmt.Sprintf("status %d: %s", answer.Status, strings.TrimSpace(answer.Body))
	}
	return answer.Body
}

func (s *scenario) hears(ctx context.Context, called, text, url, namespace string) error {
	return s.askUntil(ctx, called, url, namespace, func(answer contract.Answer) error {
		if answer.Error != "" || !strings.Contains(said(answer), text) {
			return fmt.Errorf("%s: %s", url, said(answer))
		}
		return nil
	})
}

func (s *scenario) cannotReach(ctx context.Context, called, url, text, namespace string) error {
	return s.askUntil(ctx, called, url, namespace, func(answer contract.Answer) error {
		switch {
		case answer.Error == "":
			return fmt.Errorf("%s is reached: %s", url, said(answer))
		case !strings.Contains(answer.Error, text):
			return fmt.Errorf("%s is not reached, not because of %q but: %s", url, text, answer.Error)
		}
		return nil
	})
}

func (s *scenario) reachesAll(ctx context.Context, called, others, url, namespace string) error {
	targets, err := s.pods(ctx, others, namespace)
	if err != nil {
		return err
	}
	var silent []string
	for _, pod := range targets {
		silent = append(silent, pod.Name)
	}
	all := slices.Clone(silent)
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		silent = slices.Clone(all)
		return s.eventually(ctx, func(ctx context.Context) error {
			answer, err := s.suite.ask(ctx, pod, url)
			if err != nil {
				return err
			}
			silent = slices.DeleteFunc(silent, func(name string) bool { return name == strings.TrimSpace(answer.Body) })
			if len(silent) > 0 {
				return fmt.Errorf("through %s there was no answer yet from pod/%s; the last one: %s", url, strings.Join(silent, ", pod/"), said(answer))
			}
			return nil
		})
	})
}

// serviceAnswers asks the pods that a Service leads to.
func (s *scenario) serviceAnswers(ctx context.Context, called string, port int, path string, status int, namespace string) error {
	_, name, _ := strings.Cut(called, "/")
	service, err := s.suite.cluster.CoreV1().Services(s.real(namespace)).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	portName, declared := "", []string{}
	for _, one := range service.Spec.Ports {
		declared = append(declared, fmt.Sprint(one.Port))
		if int(one.Port) == port {
			portName = one.Name
		}
	}
	if !slices.Contains(declared, fmt.Sprint(port)) {
		return fmt.Errorf("%s has no port %d, only %s", called, port, listed(declared))
	}
	return s.eventually(ctx, func(ctx context.Context) error {
		behind, err := s.behind(ctx, service.Namespace, name, portName)
		if err != nil {
			return err
		}
		for pod, number := range behind {
			if err := s.suite.getThrough(ctx, service.Namespace, pod, number, path, status); err != nil {
				return fmt.Errorf("pod/%s: %w", pod, err)
			}
		}
		return nil
	})
}

// behind are the ready pods that a Service's port leads to, with their own ports. There is at least one.
func (s *scenario) behind(ctx context.Context, namespace, service, port string) (map[string]int32, error) {
	endpoints, err := s.suite.cluster.DiscoveryV1().EndpointSlices(namespace).List(ctx, ofService(service))
	if err != nil {
		return nil, err
	}
	found := readyPods(endpoints.Items, port)
	if len(found) == 0 {
		return nil, fmt.Errorf("service/%s leads to no ready pod", service)
	}
	return found, nil
}

// getThrough sends GET to a port of a pod through the API server, and wants this status.
func (s *Suite) getThrough(ctx context.Context, namespace, pod string, port int32, path string, status int) error {
	target := s.cluster.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	dialer, err := portforward.NewSPDYOverWebsocketDialer(target, s.config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesWithContext(ctx, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, ready, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("forward port %d: %w", port, errors.Join(err, ctx.Err()))
	}
	local, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	return get(ctx, fmt.Sprintf("http://127.0.0.1:%d%s", local[0].Local, path), status)
}

func get(ctx context.Context, url string, status int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("it answers %s with %d, not %d: %s", request.URL.Path, response.StatusCode, status, strings.TrimSpace(string(body)))
	}
	return nil
}
