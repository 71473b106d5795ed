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

// container is a container in an object of any kind: a pod, a workload or a custom resource.
type container struct {
	name        string
	description string // such as "deployment/web, container nginx"
	image       reference
	use         contract.Container
	commands    []string // absolute paths of the programs that it runs
	pullPolicy  corev1.PullPolicy
	fields      map[string]any // the object's own, to be changed
}

// containersOf returns the containers of an object: the elements of every list named containers or initContainers that
// have a name and a valid image.
func containersOf(object *unstructured.Unstructured) []container {
	owner := strings.ToLower(object.GetKind()) + "/" + object.GetName()
	var found []container
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			restartPolicy, _ := value["restartPolicy"].(string)
			for key, field := range value {
				list, isList := field.([]any)
				if !isList || key != "containers" && key != "initContainers" {
					walk(field)
					continue
				}
				for _, item := range list {
					fields, _ := item.(map[string]any)
					if c, ok := parseContainer(fields, key == "initContainers", restartPolicy); ok {
						c.description = owner + ", container " + c.name
						found = append(found, c)
					}
				}
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

// parseContainer parses a container of a pod with this restart policy. It returns false for an invalid container, which
// is left to the API server to refuse.
func parseContainer(fields map[string]any, isInit bool, restartPolicy string) (container, bool) {
	var c corev1.Container
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &c); err != nil || c.Name == "" {
		return container{}, false
	}
	image, ok := parse(c.Image)
	return container{
		name:       c.Name,
		image:      image,
		use:        contract.Container{Ports: tcpPorts(c), Task: isTask(c, isInit, restartPolicy)},
		commands:   commands(c),
		pullPolicy: c.ImagePullPolicy,
		fields:     fields,
	}, ok
}

// isTask reports whether a container is expected to end: an init container that is no sidecar, or a container of a pod
// that is not always restarted.
func isTask(c corev1.Container, isInit bool, restartPolicy string) bool {
	if isInit {
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		return !sidecar
	}
	return restartPolicy != "" && restartPolicy != string(corev1.RestartPolicyAlways)
}

// pullsAlways reports whether a kubelet pulls the image although the node has it.
func (c container) pullsAlways() bool {
	return c.pullPolicy == corev1.PullAlways || c.pullPolicy == "" && c.image.latest
}

// tcpPorts returns the TCP ports that a container declares, ascending.
func tcpPorts(c corev1.Container) []int32 {
	var found []int32
	for _, port := range c.Ports {
		if port.Protocol == "" || port.Protocol == corev1.ProtocolTCP {
			found = append(found, port.ContainerPort)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// commands returns the absolute paths at which a runtime looks for the programs of a container's command, exec probes
// and lifecycle hooks. It leaves out programs whose name contains a variable, which only the kubelet can resolve.
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
		if len(line) == 0 || strings.Contains(line[0], "$(") {
			continue
		}
		if program := absolute(line[0], c.WorkingDir); program != contract.Program {
			found = append(found, program)
		}
	}
	return found
}

// absolute returns the path at which a runtime finds a program.
func absolute(program, workingDir string) string {
	switch {
	case path.IsAbs(program):
		return path.Clean(program)
	case strings.Contains(program, "/"):
		return path.Join("/", workingDir, program)
	}
	return path.Join(commandPath, program)
}
