package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/steps/internal/standin/program/kernel"
)

// insideSteps are the steps about the files and processes of running containers.
type insideSteps struct {
	*view
	containers *containers
}

// exampleMounted gives the examples below a file to read.
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

// exampleExit ends the container of the examples below.
const exampleExit = `
When I run helm install shop ./shop
And container "shop" of deployment/shop gets the env
  | name         | value |
  | STANDIN_EXIT | 3     |`

func (s insideSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the file "FILE" in WORKLOAD holds[ in namespace "NAMESPACE"]`, Method: s.fileHolds,
			Text: "CONTENT", Effects: NeedsContainers,
			Does: "Reads a file in the first container of each pod, and compares it with the text, byte by byte. A newline " +
				"at the end, which a doc string cannot have, makes no difference.",
			Example: exampleMounted + `
Then the file "/etc/shop/app.yaml" in deployment/shop holds
  """
  mode: fast
  limit: 3
  """`,
		},
		{
			Phrase: `the file "FILE" in WORKLOAD is "KEY" of the MAP "NAME"[ in namespace "NAMESPACE"]`, Method: s.fileIsKey,
			Effects: NeedsContainers,
			Does: "Reads a file in the first container of each pod, and compares it with the value of a key in a ConfigMap " +
				"or a Secret, byte by byte.",
			Example: exampleMounted + `
Then the file "/etc/shop/app.yaml" in deployment/shop is "app.yaml" of the configmap "settings"`,
		},
		{
			Phrase: `there is no file "FILE" in WORKLOAD[ in namespace "NAMESPACE"]`, Method: s.noFile, Effects: NeedsContainers,
			Does: "Checks that the first container of each pod does not have a file.",
			Example: exampleMounted + ` --set serviceAccount.automount=false
Then there is no file "/var/run/secrets/kubernetes.io/serviceaccount/token" in deployment/shop`,
		},
		{
			Phrase: `the kernel holds WORKLOAD[ in namespace "NAMESPACE"] to`, Method: s.kernelHolds,
			Columns: []string{"property", "value"}, Effects: NeedsContainers,
			Does: "Compares properties of the first process in the first container of each pod, and of its control group, as " +
				"the kernel reports them: `user` and `group` (numbers), `capabilities` (`none`, or the mask of the effective " +
				"ones), `new privileges` (`yes` or `no`), `seccomp` (`filtered` or `unconfined`), `root filesystem` " +
				"(`read-only` or `writable`), and the limits of `memory` and `cpu` (quantities or `none`).",
			Example: `
Given the file "limits.yaml"
  """
  resources: {limits: {memory: 64Mi, cpu: 250m}}
  podSecurityContext: {runAsUser: 1001}
  securityContext: {readOnlyRootFilesystem: true}
  """
When I run helm install shop ./shop -f limits.yaml
Then the kernel holds deployment/shop to
  | property        | value     |
  | user            | 1001      |
  | root filesystem | read-only |
  | memory          | 64Mi      |
  | cpu             | 0.25      |`,
		},
		{
			Phrase: `container "NAME" of WORKLOAD gets the env[ in namespace "NAMESPACE"]`, Method: s.setEnv,
			Columns: []string{"name", "value"}, Effects: NeedsContainers | ReplacesPods,
			Does: "Sets environment variables of a container, as `kubectl set env` does, without waiting for the rollout. " +
				"They can make a stand-in misbehave: `STANDIN_PROBES=fail` fails its probes, `STANDIN_EXIT` ends it with an " +
				"exit code, and `STANDIN_MEMORY` makes it allocate memory, such as `600Mi`.",
			Example: exampleExit + `
Then deployment/shop cannot be rolled out: "exit code 3"`,
		},
		{
			Phrase: `WORKLOAD cannot be rolled out, and its log says "TEXT"[ in namespace "NAMESPACE"]`, Method: s.failsWithLog,
			Effects: NeedsContainers,
			Does: "Waits until it is certain that the workload cannot be rolled out, or the time for a step is up, and " +
				"checks that the last log lines of the containers that failed contain the text.",
			Example: exampleExit + `
Then deployment/shop cannot be rolled out, and its log says "exiting with code 3"`,
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

func (s insideSteps) fileHolds(ctx context.Context, file, named, namespace string, text *godog.DocString) error {
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		got, err := s.containers.readFile(ctx, pod, file)
		if err != nil {
			return err
		}
		return sameText(file, strings.TrimSuffix(string(got), "\n"), strings.TrimSuffix(text.Content, "\n"))
	})
}

func (s insideSteps) fileIsKey(ctx context.Context, file, named, key, kind, name, namespace string) error {
	want, err := s.value(ctx, kind, name, key, namespace)
	if err != nil {
		return err
	}
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		got, err := s.containers.readFile(ctx, pod, file)
		if err != nil {
			return err
		}
		return sameText(file, string(got), want)
	})
}

// value returns the value of a key in a ConfigMap or a Secret.
func (s insideSteps) value(ctx context.Context, kind, name, key, namespace string) (string, error) {
	values := map[string]string{}
	switch kind {
	case "configmap":
		found, err := s.client.CoreV1().ConfigMaps(s.inCluster(namespace)).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		values = found.Data
		for key, value := range found.BinaryData {
			values[key] = string(value)
		}
	case "secret":
		found, err := s.client.CoreV1().Secrets(s.inCluster(namespace)).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		for key, value := range found.Data {
			values[key] = string(value)
		}
	}
	value, ok := values[key]
	if !ok {
		return "", fmt.Errorf("%s/%s has no key %q%s", kind, name, key, only(slices.Sorted(maps.Keys(values))))
	}
	return value, nil
}

func (s insideSteps) noFile(ctx context.Context, file, named, namespace string) error {
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		_, err := s.containers.readFile(ctx, pod, path.Clean(file))
		switch {
		case err == nil:
			return fmt.Errorf("it has the file %s", file)
		case strings.Contains(strings.ToLower(err.Error()), "no such file"):
			return nil
		}
		return err
	})
}

func (s insideSteps) kernelHolds(ctx context.Context, named, namespace string, table *godog.Table) error {
	return s.eachPod(ctx, named, namespace, func(pod *corev1.Pod) error {
		read := func(path string) ([]byte, error) { return s.containers.readFile(ctx, pod, path) }
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

// compareKernel compares a property of a container with the expected one.
func compareKernel(property, want string, user kernel.User, limits kernel.Limits) error {
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
		return compareLimit("memory", want, resource.NewQuantity(limits.Memory, resource.BinarySI))
	case "cpu":
		return compareLimit("cpu", want, resource.NewMilliQuantity(int64(limits.CPU*1000), resource.DecimalSI))
	}
	got, known := properties[property]
	if !known {
		names := append(slices.Collect(maps.Keys(properties)), "memory", "cpu")
		return fmt.Errorf("unknown property %q%s", property, suggest.For(property, names))
	}
	return differs(property, got, want)
}

// compareLimit compares a limit with the expected one. A limit of 0 means "none".
func compareLimit(name, want string, got *resource.Quantity) error {
	text := got.String()
	if got.IsZero() {
		text = "none"
	}
	if want == "none" {
		return differs("the limit of "+name, text, want)
	}
	quantity, err := resource.ParseQuantity(want)
	if err != nil {
		return fmt.Errorf("%s: %q is neither none nor a quantity, such as 250m, 1.5, 512Mi or 2Gi", name, want)
	}
	if quantity.Cmp(*got) != 0 {
		return fmt.Errorf("the limit of %s is %s, not %s", name, text, want)
	}
	return nil
}

func (s insideSteps) setEnv(ctx context.Context, container, named, namespace string, table *godog.Table) error {
	var env []corev1.EnvVar
	for _, row := range records(table) {
		env = append(env, corev1.EnvVar{Name: row["name"], Value: row["value"]})
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": container, "env": env}},
	}}}})
	if err != nil {
		return err
	}
	kind, name := kindAndName(named)
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	return s.template(ctx, named, namespace, func(template *corev1.PodTemplateSpec) error {
		if err := hasContainer(template, container); err != nil { // the patch would add one
			return err
		}
		options := metav1.PatchOptions{FieldManager: fieldManager}
		_, err := subject.client.Patch(ctx, name, types.StrategicMergePatchType, patch, options)
		return err
	})
}

func hasContainer(template *corev1.PodTemplateSpec, name string) error {
	var names []string
	for _, container := range template.Spec.Containers {
		if container.Name == name {
			return nil
		}
		names = append(names, container.Name)
	}
	return fmt.Errorf("it has no container %q%s", name, only(names))
}

func (s insideSteps) failsWithLog(ctx context.Context, named, text, namespace string) error {
	failed, err := s.notReady(ctx, named, namespace)
	if err != nil {
		return err
	}
	if _, log, _ := strings.Cut(failed.Detail(), "Last log lines"); !strings.Contains(log, text) {
		return fmt.Errorf("%s cannot be rolled out, but no log contains %q: %w\n%s", named, text, failed, failed.Detail())
	}
	return nil
}

func (s insideSteps) deletePod(ctx context.Context, named, namespace string) error {
	pods, err := s.rolledOut(ctx, named, namespace)
	if err != nil {
		return err
	}
	deleted := pods[0]
	subject, err := s.subject("pod", deleted.Name, namespace)
	if err != nil {
		return err
	}
	if err := subject.client.Delete(ctx, deleted.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := s.awaitGone(ctx, subject.client, deleted); err != nil {
		return fmt.Errorf("delete pod/%s: %w", deleted.Name, err)
	}
	return s.ready(ctx, named, namespace)
}
