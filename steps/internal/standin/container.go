package standin

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// container is one that an object has rendered, whatever its kind: pods and what makes them, and custom resources alike.
type container struct {
	name     string
	about    string // which it is, for people
	image    reference
	use      contract.Container
	commands []string // absolute paths of the programs that it runs
	policy   corev1.PullPolicy
	fields   map[string]any // as the object has it, to be written to
}

// containers are those of object: all that stand in a list called containers or initContainers, have a name and an image that is the name of one.
func containers(object *unstructured.Unstructured) []container {
	about := strings.ToLower(object.GetKind()) + "/" + object.GetName()
	var found []container
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			restart, _ := value["restartPolicy"].(string)
			for key, field := range value {
				if list, ok := field.([]any); ok && (key == "containers" || key == "initContainers") {
					found = append(found, listed(list, about, key == "initContainers", restart)...)
					continue
				}
				walk(field)
			}
		case []any:
			for _, item := range value {
				walk(item)
			}
		}
	}
	walk(object.Object)
	return found
}

// listed are the containers of a pod with this restartPolicy.
func listed(list []any, about string, init bool, restart string) []container {
	var found []container
	for _, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		var c corev1.Container
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &c); err != nil {
			continue // for the API server to refuse
		}
		image, ok := parse(c.Image)
		if !ok || c.Name == "" {
			continue
		}
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		task := init && !sidecar || !init && restart != "" && restart != string(corev1.RestartPolicyAlways)
		found = append(found, container{
			name: c.Name, about: about + ", container " + c.Name, image: image,
			use: contract.Container{Ports: ports(c), Task: task}, commands: commands(c), policy: c.ImagePullPolicy, fields: fields,
		})
	}
	return found
}

// pullsAlways says whether a kubelet would ask a registry for the image although it has it.
func (c container) pullsAlways() bool {
	return c.policy == corev1.PullAlways || c.policy == "" && c.image.latest
}

// ports are the TCP ports that c declares, ascending.
func ports(c corev1.Container) []int32 {
	var found []int32
	for _, port := range c.Ports {
		if port.Protocol == "" || port.Protocol == corev1.ProtocolTCP {
			found = append(found, port.ContainerPort)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// commands are the programs that c is told to run, at the paths where a runtime looks for them.
func commands(c corev1.Container) []string {
	lines := [][]string{c.Command}
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if probe != nil && probe.Exec != nil {
			lines = append(lines, probe.Exec.Command)
		}
	}
	if c.Lifecycle != nil {
		for _, handler := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
			if handler != nil && handler.Exec != nil {
				lines = append(lines, handler.Exec.Command)
			}
		}
	}
	var found []string
	for _, line := range lines {
		if len(line) == 0 || strings.Contains(line[0], "$(") { // a variable, which only the kubelet knows
			continue
		}
		program := line[0]
		switch {
		case path.IsAbs(program):
		case strings.Contains(program, "/"):
			program = path.Join("/", c.WorkingDir, program)
		default:
			program = path.Join(searched, program)
		}
		if clean := path.Clean(program); clean != contract.Program {
			found = append(found, clean)
		}
	}
	return found
}
