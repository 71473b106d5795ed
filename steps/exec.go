package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/internal/rollout"
	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// exec runs a command in the first container of pod, as `kubectl exec` does. in may be nil. Its error ends with what the command wrote to standard error.
func (s *Suite) exec(ctx context.Context, pod *corev1.Pod, in io.Reader, out io.Writer, command ...string) error {
	options := &corev1.PodExecOptions{
		Container: pod.Spec.Containers[0].Name, Command: command, Stdin: in != nil, Stdout: true, Stderr: true,
	}
	target := s.cluster.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec).URL()
	executor, err := newExecutor(s.config, target)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: &said})
	switch text := strings.TrimSpace(said.String()); {
	case err != nil && text != "":
		return fmt.Errorf("%w: %s", err, text)
	default:
		return err
	}
}

// newExecutor talks as kubectl does: by WebSocket, or by SPDY where something on the way does not let that through.
func newExecutor(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
	modern, err := remotecommand.NewWebSocketExecutor(config, "GET", target.String())
	if err != nil {
		return nil, err
	}
	older, err := remotecommand.NewSPDYExecutor(config, "POST", target)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(modern, older, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// pods are those of a workload's newest revision, once it is rolled out. There is at least one.
func (s *scenario) pods(ctx context.Context, called, namespace string) (found []*corev1.Pod, err error) {
	kind, name := workload(called)
	err = s.await(ctx, s.named(namespace), rollout.PodsMatch(kind, name, "be rolled out", func(pods []*corev1.Pod) error {
		found = pods
		return nil
	}))
	return found, err
}

// inPods does something for each pod of a workload, and says in which it failed.
func (s *scenario) inPods(ctx context.Context, called, namespace string, do func(*corev1.Pod) error) error {
	pods, err := s.pods(ctx, called, namespace)
	if err != nil {
		return err
	}
	var failed []error
	for _, pod := range pods {
		if err := do(pod); err != nil {
			failed = append(failed, fmt.Errorf("pod/%s: %w", pod.Name, err))
		}
	}
	return errors.Join(failed...)
}

// eventually does something again and again until it succeeds, for as long as the suite lets a step wait. It is for what nobody can be told of: whether a request
// gets through.
func (s *scenario) eventually(ctx context.Context, do func(context.Context) error) error {
	const pause = 200 * time.Millisecond
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.suite.options.Wait)
	defer cancel()
	var last error
	for {
		err := do(ctx)
		switch {
		case err == nil || ctx.Err() == nil && errors.As(err, new(final)):
			return err
		case ctx.Err() == nil || last == nil: // otherwise it only says that the time is up
			last = err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("waited %s; last seen: %w", time.Since(started).Round(time.Millisecond), last)
		}
	}
}

// final is an error that trying again will not change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

func (s *scenario) execSteps() []Step {
	return []Step{
		{
			Phrase: `"LINE" in WORKLOAD prints "TEXT"[ in namespace "NAMESPACE"]`, Method: s.commandPrints, Effects: NeedsContainers,
			Does: "Runs a command in the first container of each pod, as `kubectl exec` does and without a shell, and wants what it prints, to standard output, to contain the text. " +
				"The image must have the command: a stand-in has those that the chart names, and only says that it was called.",
			Example: `
When I run helm install shop ./shop --set image.repository=redis --set image.tag=7 --set service.port=6379 --set livenessProbe=null --set readinessProbe=null
Then "redis-cli ping" in deployment/shop prints "PONG"`,
		},
		{
			Phrase: `"LINE" in WORKLOAD fails with "TEXT"[ in namespace "NAMESPACE"]`, Method: s.commandFails, Effects: NeedsContainers,
			Does: "Runs a command in the same way, and wants it to end with another exit code than 0 and the text to be in what it prints or in its error.",
			Example: `
When I run helm install shop ./shop --set image.repository=redis --set image.tag=7 --set service.port=6379 --set livenessProbe=null --set readinessProbe=null
Then "redis-cli -e nonsense" in deployment/shop fails with "ERR unknown command"`,
		},
		{
			Phrase: `the log of WORKLOAD has "TEXT"[ in namespace "NAMESPACE"]`, Method: s.logHas, Effects: NeedsContainers,
			Does: "Waits until the log of the first container of each pod has a line that contains the text.",
			Example: `
When I run helm install shop ./shop
Then the log of deployment/shop has "listening on port 80"`,
		},
	}
}

// runInPods runs a command line in the first container of each pod of a workload, and holds what it printed and how it failed to check.
func (s *scenario) runInPods(ctx context.Context, line, called, namespace string, check func(printed string, failed error) error) error {
	words, err := helm.Split(line)
	if err != nil {
		return err
	}
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		var out bytes.Buffer
		err := s.suite.exec(ctx, pod, nil, &out, words...)
		return check(out.String(), err)
	})
}

func (s *scenario) commandPrints(ctx context.Context, line, called, text, namespace string) error {
	return s.runInPods(ctx, line, called, namespace, func(printed string, failed error) error {
		if failed != nil {
			return fmt.Errorf("%s: %w\n%s", line, failed, printed)
		}
		if !strings.Contains(printed, text) {
			return fmt.Errorf("%s does not print %q; it prints\n%s", line, text, printed)
		}
		return nil
	})
}

func (s *scenario) commandFails(ctx context.Context, line, called, text, namespace string) error {
	return s.runInPods(ctx, line, called, namespace, func(printed string, failed error) error {
		if failed == nil {
			return fmt.Errorf("%s succeeded, where it should have failed with %q; it prints\n%s", line, text, printed)
		}
		if said := printed + failed.Error(); !strings.Contains(said, text) {
			return fmt.Errorf("%s failed, not with %q but with %w\n%s", line, text, failed, printed)
		}
		return nil
	})
}

func (s *scenario) logHas(ctx context.Context, called, text, namespace string) error {
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		return s.eventually(ctx, func(ctx context.Context) error {
			options := &corev1.PodLogOptions{Container: pod.Spec.Containers[0].Name}
			log, err := s.suite.cluster.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
			if err != nil {
				return err
			}
			lines := strings.Split(strings.TrimRight(string(log), "\n"), "\n")
			if slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) }) {
				return nil
			}
			return fmt.Errorf("no line of its log has %q; the last ones are\n%s", text, strings.Join(lines[max(0, len(lines)-10):], "\n"))
		})
	})
}

// isStandIn says whether the first container of pod runs a stand-in.
func (s *Suite) isStandIn(pod *corev1.Pod) bool {
	return s.images != nil && s.images.IsStandIn(pod.Spec.Containers[0].Image)
}

// readFile returns what a file holds in the first container of pod.
func (s *Suite) readFile(ctx context.Context, pod *corev1.Pod, path string) ([]byte, error) {
	command := []string{"cat", path}
	if s.isStandIn(pod) {
		command = []string{contract.Program, "show", "/files" + (&url.URL{Path: path}).EscapedPath()}
	}
	var out bytes.Buffer
	err := s.exec(ctx, pod, nil, &out, command...)
	if err != nil && strings.Contains(err.Error(), "executable file not found") { // a small image: its shell will do
		out.Reset()
		err = s.exec(ctx, pod, nil, &out, "sh", "-c", `while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done < "$1"`, "sh", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out.Bytes(), nil
}
