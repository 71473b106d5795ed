package steps

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/traderadmin/charts/internal/helm"
)

// execSteps are the steps about commands and logs of running containers.
type execSteps struct {
	*view
	containers *containers
}

// exampleRedis runs a real image, which has commands.
const exampleRedis = `
Given the file "redis.yaml"
  """
  image: {repository: redis, tag: "7"}
  service: {port: 6379}
  livenessProbe: null
  readinessProbe: null
  """
When I run helm install shop ./shop -f redis.yaml`

func (s execSteps) rows() []Step {
	return []Step{
		{
			Phrase: `"LINE" in WORKLOAD prints "TEXT"[ in namespace "NAMESPACE"]`, Method: s.prints, Effects: NeedsContainers,
			Does: "Runs a command in the first container of each pod, as `kubectl exec` does and without a shell, and checks " +
				"that it prints the text to standard output. The image must have the command. A stand-in only has the commands " +
				"that the chart names, which do nothing but print that they were called.",
			Example: exampleRedis + `
Then "redis-cli ping" in deployment/shop prints "PONG"`,
		},
		{
			Phrase: `"LINE" in WORKLOAD fails with "TEXT"[ in namespace "NAMESPACE"]`, Method: s.fails, Effects: NeedsContainers,
			Does: "Runs a command in the same way, and checks that its exit code is not 0, and that its output or its error " +
				"contains the text.",
			Example: exampleRedis + `
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

// inPods runs a command line in each pod of a workload, and holds its output and its error to check.
func (s execSteps) inPods(
	ctx context.Context, line, named, namespace string, check func(printed string, failed error) error,
) error {
	words, err := helm.Split(line)
	if err != nil {
		return err
	}
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		var out bytes.Buffer
		err := s.containers.exec(ctx, pod, nil, &out, words...)
		return check(out.String(), err)
	})
}

func (s execSteps) prints(ctx context.Context, line, named, text, namespace string) error {
	return s.inPods(ctx, line, named, namespace, func(printed string, failed error) error {
		if failed != nil {
			return fmt.Errorf("%s: %w\n%s", line, failed, printed)
		}
		if !strings.Contains(printed, text) {
			return fmt.Errorf("%s does not print %q; it prints\n%s", line, text, printed)
		}
		return nil
	})
}

func (s execSteps) fails(ctx context.Context, line, named, text, namespace string) error {
	return s.inPods(ctx, line, named, namespace, func(printed string, failed error) error {
		if failed == nil {
			return fmt.Errorf("%s succeeded; it should have failed with %q; it prints\n%s", line, text, printed)
		}
		if !strings.Contains(printed+failed.Error(), text) {
			return fmt.Errorf("%s failed, but not with %q: %w\n%s", line, text, failed, printed)
		}
		return nil
	})
}

// lastLines is the number of log lines that an error shows.
const lastLines = 10

func (s execSteps) logHas(ctx context.Context, named, text, namespace string) error {
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		return s.until(ctx, func(ctx context.Context) error {
			options := &corev1.PodLogOptions{Container: pod.Spec.Containers[0].Name}
			log, err := s.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
			if err != nil {
				return err
			}
			lines := strings.Split(strings.TrimRight(string(log), "\n"), "\n")
			if slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) }) {
				return nil
			}
			shown := strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
			return fmt.Errorf("no line of its log contains %q; the last ones are\n%s", text, shown)
		})
	})
}
