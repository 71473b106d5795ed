package workload

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Manifest gives access to a Kubernetes object, whatever its representation.
type Manifest struct {
	Group, Kind, Namespace, Name string

	// Field returns the scalar under a path of keys as text, or "" if the path is missing, null, a list or a map.
	Field func(path ...string) string
}

// FromUnstructured returns the manifest of an object in the form that the dynamic client uses.
func FromUnstructured(object *unstructured.Unstructured) Manifest {
	return Manifest{
		Group:     object.GroupVersionKind().Group,
		Kind:      object.GetKind(),
		Namespace: object.GetNamespace(),
		Name:      object.GetName(),
		Field: func(path ...string) string {
			value, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
			switch value.(type) {
			case string, bool, int64, float64:
				return fmt.Sprint(value)
			}
			return ""
		},
	}
}

// nested returns the manifest of the object under a path, such as the Job template of a CronJob.
func (m Manifest) nested(prefix ...string) Manifest {
	field := m.Field
	m.Field = func(path ...string) string { return field(slices.Concat(prefix, path)...) }
	return m
}

// text returns the scalar under a path, or a default if there is none.
func (m Manifest) text(missing string, path ...string) string {
	if text := m.Field(path...); text != "" {
		return text
	}
	return missing
}

// count returns the number under a path, or a default if there is none. It is limited to the range of a valid int32.
// Helm renders large integers as floats, such as 1e+06.
func (m Manifest) count(missing int64, path ...string) int64 {
	number, err := strconv.ParseFloat(m.Field(path...), 64)
	if err != nil || math.IsNaN(number) {
		return missing
	}
	return int64(min(max(number, 0), math.MaxInt32))
}
