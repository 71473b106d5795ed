package steps

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/steps/internal/standin/program/kernel"
)

// exampleMounted gives the examples below a file to look at.
const exampleMounted = `
Given the objects
  """
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: settings}
  data:
    app.yaml: |
      mode: fast
      limit: 3
  """
And the file "mounts.yaml"
  """
  volumes: [{name: settings, configMap: {name: settings}}]
  volumeMounts: [{name: settings, mountPath: /etc/shop}]
  """
When I run helm install shop ./shop -f mounts.yaml`

func (s *scenario) insideSteps() []Step {
	return []Step{
		{
			Phrase: `the file "FILE" in WORKLOAD holds[ in namespace "NAMESPACE"]`, Method: s.fileHolds, Text: "CONTENT", Effects: NeedsContainers,
			Does: "Reads a file in the first container of each pod, and wants it to hold this text, to the byte. A line break at its end, which a doc string cannot have, makes no difference.",
			Example: exampleMounted + `
Then the file "/etc/shop/app.yaml" in deployment/shop holds
  """
  mode: fast
  limit: 3
  """`,
		},
		{
			Phrase: `the file "FILE" in WORKLOAD is "KEY" of the MAP "NAME"[ in namespace "NAMESPACE"]`, Method: s.fileIsKey, Effects: NeedsContainers,
			Does: "Reads a file in the first container of each pod, and wants it to hold what a ConfigMap or Secret holds, byte for byte.",
			Example: exampleMounted + `
Then the file "/etc/shop/app.yaml" in deployment/shop is "app.yaml" of the configmap "settings"`,
		},
		{
			Phrase: `there is no file "FILE" in WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.noFile, Effects: NeedsContainers,
			Does: "Wants the first container of each pod not to have a file.",
			Example: exampleMounted + ` --set serviceAccount.automount=false
Then there is no file "/var/run/secrets/kubernetes.io/serviceaccount/token" in deployment/shop`,
		},
		{
			Phrase: `the kernel holds WORKLOAD[ in namespace "NAMESPACE"] to`, Method: s.kernelHolds, Columns: []string{"property", "value"}, Effects: NeedsContainers,
			Does: "Compares what the kernel says of the first process of each pod's first container, and of its control group: `user` and `group` (numbers), `capabilities` (`none`, or the mask of " +
				"the effective ones), `new privileges` (`yes` or `no`), `seccomp` (`filtered` or `unconfined`), `root filesystem` (`read-only` or `writable`), and the limits `memory` and `cpu`, as " +
				"quantities or `none`.",
			Example: `
When I run helm install shop ./shop --set resources.limits.memory=64Mi --set resources.limits.cpu=250m --set podSecurityContext.runAsUser=1001 --set securityContext.readOnlyRootFilesystem=true
Then the kernel holds deployment/shop to
  | property        | value     |
  | user            | 1001      |
  | root filesystem | read-only |
  | memory          | 64Mi      |
  | cpu             | 0.25      |`,
		},
		{
			Phrase: `container "NAME" of WORKLOAD gets the env[ in namespace "NAMESPACE"]`, Method: s.containerGetsEnv, Columns: []string{"name", "value"}, Effects: NeedsContainers | ReplacesPods,
			Does: "Sets environment variables of a container, as `kubectl set env` does, and does not wait for what follows. It makes a stand-in misbehave: `STANDIN_PROBES=fail` fails its probes, `STANDIN_EXIT` " +
				"ends it with an exit code, and `STANDIN_MEMORY` has it take that many bytes, such as `600Mi`.",
			Example: `
When I run helm install shop ./shop
And container "shop" of deployment/shop gets the env
  | name         | value |
  | STANDIN_EXIT | 3     |
Then deployment/shop cannot be rolled out: "exit code 3"`,
		},
		{
			Phrase: `WORKLOAD cannot be rolled out, and its log says "TEXT"[ in namespace "NAMESPACE"]`, Method: s.cannotBeRolledOutSaying, Effects: NeedsContainers,
			Does: "Waits until it is certain, or the time is up, and wants the text among the last log lines of the containers that failed, which the failure shows.",
			Example: `
When I run helm install shop ./shop
And container "shop" of deployment/shop gets the env
  | name         | value |
  | STANDIN_EXIT | 3     |
Then deployment/shop cannot be rolled out, and its log says "STANDIN_EXIT says to end with exit code 3"`,
		},
		{
			Phrase: `I delete a pod of WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.deletePod, Effects: NeedsContainers,
			Does: "Deletes one pod, and waits until it is gone and the workload is rolled out again.",
			Example: `
When I run helm install shop ./shop
And I delete a pod of deployment/shop
Then deployment/shop is rolled out with 1 pod`,
		},
	}
}

func (s *scenario) fileHolds(ctx context.Context, file, called, namespace string, text *godog.DocString) error {
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		held, err := s.suite.readFile(ctx, pod, file)
		if err != nil {
			return err
		}
		return sameText(file, strings.TrimSuffix(string(held), "\n"), strings.TrimSuffix(text.Content, "\n"))
	})
}

func (s *scenario) fileIsKey(ctx context.Context, file, called, key, kind, name, namespace string) error {
	wanted, err := s.held(ctx, kind, name, key, namespace)
	if err != nil {
		return err
	}
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		held, err := s.suite.readFile(ctx, pod, file)
		if err != nil {
			return err
		}
		return sameText(file, string(held), wanted)
	})
}

// held is what a ConfigMap or Secret holds under key.
func (s *scenario) held(ctx context.Context, kind, name, key, namespace string) (string, error) {
	held := map[string]string{}
	switch kind {
	case "configmap":
		found, err := s.suite.cluster.CoreV1().ConfigMaps(s.real(namespace)).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		held = found.Data
		for key, value := range found.BinaryData {
			held[key] = string(value)
		}
	case "secret":
		found, err := s.suite.cluster.CoreV1().Secrets(s.real(namespace)).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		for key, value := range found.Data {
			held[key] = string(value)
		}
	}
	value, ok := held[key]
	if !ok {
		return "", fmt.Errorf("%s/%s has no key %q", kind, name, key)
	}
	return value, nil
}

// sameText returns the difference between what a file holds and what it should.
func sameText(file, held, wanted string) error {
	if held == wanted {
		return nil
	}
	return fmt.Errorf("%s is not as wanted:\n%s", file, unified(titled{"wanted", wanted}, titled{file, held}))
}

func (s *scenario) noFile(ctx context.Context, file, called, namespace string) error {
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		_, err := s.suite.readFile(ctx, pod, path.Clean(file))
		switch {
		case err == nil:
			return fmt.Errorf("it has the file %s", file)
		case strings.Contains(strings.ToLower(err.Error()), "no such file"):
			return nil
		}
		return err
	})
}

func (s *scenario) kernelHolds(ctx context.Context, called, namespace string, table *godog.Table) error {
	return s.inPods(ctx, called, namespace, func(pod *corev1.Pod) error {
		read := func(path string) ([]byte, error) { return s.suite.readFile(ctx, pod, path) }
		user, err := kernel.UserOf(read)
		if err != nil {
			return err
		}
		limits, err := kernel.LimitsOf(read)
		if err != nil {
			return err
		}
		var wrong []error
		for _, row := range records(table) {
			wrong = append(wrong, compareKernel(row["property"], row["value"], user, limits))
		}
		return errors.Join(wrong...)
	})
}

// compareKernel says how a property of a container is otherwise than wanted.
func compareKernel(property, wanted string, user kernel.User, limits kernel.Limits) error {
	either := func(is bool, yes, no string) string {
		if is {
			return yes
		}
		return no
	}
	properties := map[string]string{
		"user":            strconv.Itoa(user.UID),
		"group":           strconv.Itoa(user.GID),
		"capabilities":    either(strings.Trim(user.Capabilities, "0") == "", "none", user.Capabilities),
		"new privileges":  either(user.NoNewPrivileges, "no", "yes"),
		"seccomp":         either(user.Seccomp, "filtered", "unconfined"),
		"root filesystem": either(user.ReadOnlyRoot, "read-only", "writable"),
	}
	switch property {
	case "memory":
		return compareLimit("memory", wanted, resource.NewQuantity(limits.Memory, resource.BinarySI))
	case "cpu":
		return compareLimit("cpu", wanted, resource.NewMilliQuantity(int64(limits.CPU*1000), resource.DecimalSI))
	}
	held, known := properties[property]
	if !known {
		names := []string{"memory", "cpu"}
		for name := range properties {
			names = append(names, name)
		}
		return fmt.Errorf("there is no property %q%s", property, suggest.For(property, names))
	}
	return differs(property, held, wanted)
}

// compareLimit says how a limit is otherwise than wanted; one of 0 is none.
func compareLimit(name, wanted string, held *resource.Quantity) error {
	text := held.String()
	if held.IsZero() {
		text = "none"
	}
	if wanted == "none" {
		return differs("the limit of "+name, text, wanted)
	}
	quantity, err := resource.ParseQuantity(wanted)
	if err != nil {
		return fmt.Errorf("%s: %q is no quantity: write it as in 250m, 1.5, 512Mi or 2Gi, or none", name, wanted)
	}
	if quantity.Cmp(*held) != 0 {
		return fmt.Errorf("the limit of %s is %s, not %s", name, text, wanted)
	}
	return nil
}
