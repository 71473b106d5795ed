package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/traderadmin/charts/internal/suggest"
)

// templateSteps are the steps about the pod templates of workloads.
type templateSteps struct{ *view }

type (
	podSpec   = corev1.PodSpec
	container = corev1.Container
)

// exampleDeployment is the object that the examples below use.
const exampleDeployment = `
Given the objects
  """
  apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
  spec:
    selector:
      matchLabels: {app: web}
    template:
      metadata:
        labels: {app: web, tier: front}
      spec:
        containers:
          - name: server
            image: server:1
            ports: [{name: http, containerPort: 8000}]
            resources:
              requests: {cpu: 500m, memory: 1Gi}
              limits: {memory: 1Gi}
            env:
              - {name: MODE, value: fast}
              - {name: TOKEN, valueFrom: {secretKeyRef: {name: tokens, key: web, optional: true}}}
            volumeMounts:
              - {name: config, mountPath: /etc/web, readOnly: true}
        volumes:
          - {name: config, configMap: {name: settings, optional: true}}
  """`

func (s templateSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the containers of WORKLOAD have the resources[ in namespace "NAMESPACE"]`, Method: s.haveResources,
			Columns: []string{"container", AnyOther},
			Does: "Compares requests and limits, as quantities: `1` equals `1000m`. The columns are `requests.` or `limits.` " +
				"with the name of a resource. An empty cell means that none is set. Every container, including init containers, " +
				"must have a row.",
			Example: exampleDeployment + `
Then the containers of deployment/web have the resources
  | container | requests.cpu | requests.memory | limits.cpu | limits.memory |
  | server    | 0.5          | 1024Mi          |            | 1Gi           |`,
		},
		{
			Phrase: `container "NAME" of WORKLOAD has the env[ in namespace "NAMESPACE"]`, Method: s.hasEnv,
			Columns: []string{"name", "value?", "from?"},
			Does: "Checks that a container has these environment variables, among others, each with its value or its source: " +
				"`secret/NAME:KEY`, `configmap/NAME:KEY`, `field:PATH` or `resource:NAME`.",
			Example: exampleDeployment + `
Then container "server" of deployment/web has the env
  | name  | value | from              |
  | MODE  | fast  |                   |
  | TOKEN |       | secret/tokens:web |`,
		},
		{
			Phrase: `container "NAME" of WORKLOAD has the ports[ in namespace "NAMESPACE"]`, Method: s.hasPorts,
			Columns: []string{"port", "name?", "protocol?"},
			Does: "Checks that a container declares these ports, among others. Without a column for it, the protocol is TCP, " +
				"and the name may be any.",
			Example: exampleDeployment + `
Then container "server" of deployment/web has the ports
  | port | name |
  | 8000 | http |`,
		},
		{
			Phrase: `container "NAME" of WORKLOAD has the mounts[ in namespace "NAMESPACE"]`, Method: s.hasMounts,
			Columns: []string{"path", "from?", "volume?", "subPath?", "readOnly?"},
			Does: "Checks that a container has volumes mounted at these paths, among others. `from` is the source of the " +
				"volume: `configmap/NAME`, `secret/NAME`, `pvc/NAME`, or the type of volume, such as `emptyDir`.",
			Example: exampleDeployment + `
Then container "server" of deployment/web has the mounts
  | path     | from               | readOnly |
  | /etc/web | configmap/settings | true     |`,
		},
		{
			Phrase: `the pods of WORKLOAD have the labels[ in namespace "NAMESPACE"]`, Method: s.haveLabels,
			Columns: []string{"key", "value"},
			Does: "Checks that the pod template has these labels, among others. An empty value means that it does not have " +
				"the label.",
			Example: exampleDeployment + `
Then the pods of deployment/web have the labels
  | key  | value |
  | app  | web   |
  | tier | front |
  | role |       |`,
		},
	}
}

// allContainers returns the containers of a pod, init containers first.
func allContainers(template *corev1.PodTemplateSpec) []corev1.Container {
	return slices.Concat(template.Spec.InitContainers, template.Spec.Containers)
}

// container holds a container of a workload to check, with each row of a table.
func (s templateSteps) container(
	ctx context.Context, name, named, namespace string, table *godog.Table,
	check func(podSpec, container, record) error,
) error {
	return s.template(ctx, named, namespace, func(template *corev1.PodTemplateSpec) error {
		var names []string
		for _, container := range allContainers(template) {
			if container.Name != name {
				names = append(names, container.Name)
				continue
			}
			var wrong []error
			for _, row := range records(table) {
				wrong = append(wrong, check(template.Spec, container, row))
			}
			return aboutIf(fmt.Sprintf("container %q", name), errors.Join(wrong...))
		}
		return fmt.Errorf("it has no container %q%s", name, only(names))
	})
}

func (s templateSteps) haveResources(ctx context.Context, named, namespace string, table *godog.Table) error {
	return s.template(ctx, named, namespace, func(template *corev1.PodTemplateSpec) error {
		rows := map[string]record{}
		for _, row := range records(table) {
			rows[row["container"]] = row
		}
		var wrong []error
		for _, container := range allContainers(template) {
			row, ok := rows[container.Name]
			if !ok {
				wrong = append(wrong, fmt.Errorf("the table has no row for container %q", container.Name))
			}
			delete(rows, container.Name)
			for _, column := range slices.Sorted(maps.Keys(row)) {
				if err := checkResource(container, column, row[column]); err != nil {
					wrong = append(wrong, fmt.Errorf("container %q: %w", container.Name, err))
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			wrong = append(wrong, fmt.Errorf("it has no container %q", name))
		}
		return errors.Join(wrong...)
	})
}

// checkResource compares a request or limit of a container with a cell of a table.
func checkResource(container corev1.Container, column, cell string) error {
	part, name, _ := strings.Cut(column, ".")
	parts := map[string]corev1.ResourceList{"requests": container.Resources.Requests, "limits": container.Resources.Limits}
	list, known := parts[part]
	switch {
	case column == "container":
		return nil
	case !known || name == "":
		return fmt.Errorf("the column %q is neither requests.NAME nor limits.NAME%s", column,
			suggest.For(column, []string{"requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}))
	}
	has, set := list[corev1.ResourceName(name)]
	if cell == "" {
		if set {
			return fmt.Errorf("%s is %s; it should not be set", column, has.String())
		}
		return nil
	}
	want, err := resource.ParseQuantity(cell)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %q is not a quantity, such as 250m, 1.5, 512Mi or 2Gi", column, cell)
	case !set:
		return fmt.Errorf("%s is not set; it should be %s", column, cell)
	case has.Cmp(want) != 0:
		return fmt.Errorf("%s is %s, not %s", column, has.String(), cell)
	}
	return nil
}

func (s templateSteps) hasEnv(ctx context.Context, name, named, namespace string, table *godog.Table) error {
	return s.container(ctx, name, named, namespace, table, func(_ podSpec, container container, row record) error {
		var names []string
		for _, variable := range container.Env {
			names = append(names, variable.Name)
			if variable.Name != row["name"] {
				continue
			}
			return errors.Join(
				differs(row["name"], variable.Value, row["value"]),
				differs("the source of "+row["name"], envSource(variable.ValueFrom), row["from"]),
			)
		}
		return fmt.Errorf("it has no env %q%s", row["name"], only(names))
	})
}

func envSource(from *corev1.EnvVarSource) string {
	switch {
	case from == nil:
		return ""
	case from.SecretKeyRef != nil:
		return "secret/" + from.SecretKeyRef.Name + ":" + from.SecretKeyRef.Key
	case from.ConfigMapKeyRef != nil:
		return "configmap/" + from.ConfigMapKeyRef.Name + ":" + from.ConfigMapKeyRef.Key
	case from.FieldRef != nil:
		return "field:" + from.FieldRef.FieldPath
	case from.ResourceFieldRef != nil:
		return "resource:" + from.ResourceFieldRef.Resource
	}
	return "another source"
}

func (s templateSteps) hasPorts(ctx context.Context, name, named, namespace string, table *godog.Table) error {
	return s.container(ctx, name, named, namespace, table, func(_ podSpec, container container, row record) error {
		number, err := strconv.ParseInt(row["port"], 10, 32)
		if err != nil {
			return fmt.Errorf("the port %q is not a number", row["port"])
		}
		protocol := row["protocol"]
		if protocol == "" {
			protocol = string(corev1.ProtocolTCP)
		}
		named, hasNames := row["name"]
		for _, port := range container.Ports {
			if int64(port.ContainerPort) != number || string(port.Protocol) != protocol {
				continue
			}
			if hasNames {
				return differs(fmt.Sprintf("the name of port %d", number), port.Name, named)
			}
			return nil
		}
		return fmt.Errorf("it declares no port %d/%s%s", number, protocol, only(declared(container)))
	})
}

// declared describes the ports of a container.
func declared(container corev1.Container) []string {
	var all []string
	for _, port := range container.Ports {
		words := fmt.Sprintf("%d/%s", port.ContainerPort, port.Protocol)
		if port.Name != "" {
			words += " (" + port.Name + ")"
		}
		all = append(all, words)
	}
	return all
}

func (s templateSteps) hasMounts(ctx context.Context, name, named, namespace string, table *godog.Table) error {
	return s.container(ctx, name, named, namespace, table, func(pod podSpec, container container, row record) error {
		var paths []string
		for _, mount := range container.VolumeMounts {
			paths = append(paths, mount.MountPath)
			if mount.MountPath != row["path"] {
				continue
			}
			got := record{
				"from": volumeSource(pod, mount.Name), "volume": mount.Name,
				"subPath": mount.SubPath, "readOnly": strconv.FormatBool(mount.ReadOnly),
			}
			var wrong []error
			for _, column := range slices.Sorted(maps.Keys(got)) {
				if want, ok := row[column]; ok {
					wrong = append(wrong, differs(fmt.Sprintf("%s of %s", column, mount.MountPath), got[column], want))
				}
			}
			return errors.Join(wrong...)
		}
		if len(paths) == 0 {
			return fmt.Errorf("it has nothing mounted at %q, nor anywhere else", row["path"])
		}
		return fmt.Errorf("it has nothing mounted at %q, only at %s", row["path"], listed(paths))
	})
}

// volumeSource describes the source of a volume of a pod.
func volumeSource(pod corev1.PodSpec, name string) string {
	for _, volume := range pod.Volumes {
		if volume.Name != name {
			continue
		}
		switch {
		case volume.ConfigMap != nil:
			return "configmap/" + volume.ConfigMap.Name
		case volume.Secret != nil:
			return "secret/" + volume.Secret.SecretName
		case volume.PersistentVolumeClaim != nil:
			return "pvc/" + volume.PersistentVolumeClaim.ClaimName
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&volume.VolumeSource)
		if err != nil {
			return err.Error()
		}
		return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
	}
	return "" // the StatefulSet has a claim template of this name
}

func (s templateSteps) haveLabels(ctx context.Context, named, namespace string, table *godog.Table) error {
	return s.template(ctx, named, namespace, func(template *corev1.PodTemplateSpec) error {
		var wrong []error
		for _, row := range records(table) {
			wrong = append(wrong, differs("the label "+row["key"], template.Labels[row["key"]], row["value"]))
		}
		return errors.Join(wrong...)
	})
}
