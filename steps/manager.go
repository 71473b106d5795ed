package steps

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// otherManager returns the manager of a field that a scenario sets in the place of a controller. Each field has its
// own: a manager that applies one field gives up the others that it has applied.
func otherManager(fields []string) string {
	const maxLength = 128 // of the names of managers
	name := "another-manager-of-" + strings.Join(fields, ".")
	return name[:min(len(name), maxLength)]
}

// setByAnother sets a field of an object by server-side apply, as another manager than Helm, and takes the field if it
// has one.
func (s objectSteps) setByAnother(ctx context.Context, path, kind, name, value, namespace string) error {
	fields, err := fieldNames(path)
	if err != nil {
		return err
	}
	wanted, err := parseYAML(value)
	if err != nil {
		return fmt.Errorf("the value %s of %s is not valid YAML: %w", value, path, err)
	}
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	live, err := subject.get(ctx)
	if err != nil {
		return err
	}
	applied := new(unstructured.Unstructured)
	applied.SetGroupVersionKind(live.GroupVersionKind())
	applied.SetName(live.GetName())
	applied.SetNamespace(live.GetNamespace())
	if err := unstructured.SetNestedField(applied.Object, jsonNumbers(wanted), fields...); err != nil {
		return fmt.Errorf("set %s of the %s: %w", path, subject, err)
	}
	if err := s.sender.prepare(ctx, []*unstructured.Unstructured{applied}); err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: otherManager(fields), Force: true}
	if _, err := subject.client.Apply(ctx, applied.GetName(), applied, options); err != nil {
		return fmt.Errorf("set %s of the %s: %w", path, subject, err)
	}
	return nil
}

// fieldNames returns the names of the fields along a JSONPath.
func fieldNames(path string) ([]string, error) {
	if _, err := parsePath(path); err != nil {
		return nil, err
	}
	parsed, err := jsonpath.Parse(path, braced(path))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, node := range parsed.Root.Nodes[0].(*jsonpath.ListNode).Nodes {
		field, ok := node.(*jsonpath.FieldNode)
		if !ok {
			return nil, fmt.Errorf("%s leads to more than fields with names: set the whole list, such as "+
				".spec.template.spec.containers to [{name: proxy, image: proxy:1}], whose elements are merged by their names", path)
		}
		if field.Value != "" { // of the leading $ or dot
			names = append(names, field.Value)
		}
	}
	return names, nil
}

// jsonNumbers returns a value whose whole numbers are int64, which unstructured objects need.
func jsonNumbers(value any) any {
	switch value := value.(type) {
	case float64:
		if whole := int64(value); float64(whole) == value {
			return whole
		}
	case int:
		return int64(value)
	case map[string]any:
		for key, field := range value {
			value[key] = jsonNumbers(field)
		}
	case []any:
		for i, element := range value {
			value[i] = jsonNumbers(element)
		}
	}
	return value
}
