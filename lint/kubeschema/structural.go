package kubeschema

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// structuralSchema is the structural schema of a custom resource definition, reduced to fields and their types.
type structuralSchema struct {
	Type             string
	Properties       map[string]*structuralSchema
	Additional       *additionalProperties `yaml:"additionalProperties"`
	Items            *structuralSchema
	Required         []string
	Enum             []any
	Default          yaml.Node
	PreserveUnknown  bool `yaml:"x-kubernetes-preserve-unknown-fields"`
	IntOrString      bool `yaml:"x-kubernetes-int-or-string"`
	EmbeddedResource bool `yaml:"x-kubernetes-embedded-resource"`
}

// additionalProperties is a schema, or a boolean, which leaves the schema nil.
type additionalProperties struct{ schema *structuralSchema }

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *additionalProperties) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	return n.Decode(&a.schema)
}

// rootObject returns the type of a custom resource. Without a schema it accepts any fields.
func (s *structuralSchema) rootObject() *object {
	if s == nil || len(s.Properties) == 0 {
		return &object{open: true, fields: resourceFields(scalars["any"])}
	}
	return s.object(resourceFields(kubernetes().fieldType("meta.v1.ObjectMeta")))
}

// resourceFields returns the fields that every resource has, whether its schema declares them or not.
func resourceFields(metadata *fieldType) map[string][]field {
	return map[string][]field{
		"apiVersion": {{typ: scalars["string"], versions: allVersions}},
		"kind":       {{typ: scalars["string"], versions: allVersions}},
		"metadata":   {{typ: metadata, versions: allVersions}},
	}
}

// object returns the type of an object with the fields of the schema. The given fields take precedence.
func (s *structuralSchema) object(fields map[string][]field) *object {
	for name, property := range s.Properties {
		if _, given := fields[name]; !given {
			fields[name] = []field{{typ: property.fieldType(), versions: allVersions}}
		}
	}
	o := &object{open: s.PreserveUnknown, fields: fields}
	for _, name := range slices.Sorted(slices.Values(s.Required)) {
		// The API server sets defaults before it checks what is required.
		if property := s.Properties[name]; property != nil && property.Default.IsZero() {
			o.required = append(o.required, requirement{name, allVersions})
		}
	}
	return o
}

func (s *structuralSchema) fieldType() *fieldType {
	switch {
	case s == nil:
		return scalars["any"]
	case s.IntOrString:
		return scalars["int-or-string"]
	}
	switch s.Type {
	case "object":
		return s.mapType()
	case "array":
		return &fieldType{form: list, items: s.Items.fieldType()}
	case "string":
		return s.stringType()
	case "integer":
		return scalars["int64"]
	case "number":
		return scalars["number"]
	case "boolean":
		return scalars["boolean"]
	}
	return scalars["any"]
}

func (s *structuralSchema) mapType() *fieldType {
	switch {
	case len(s.Properties) > 0 && s.EmbeddedResource:
		return &fieldType{form: structure, object: s.object(resourceFields(scalars["any"]))}
	case len(s.Properties) > 0:
		return &fieldType{form: structure, object: s.object(map[string][]field{})}
	case s.Additional != nil:
		return &fieldType{form: mapping, items: s.Additional.schema.fieldType()}
	}
	return &fieldType{form: mapping, items: scalars["any"]}
}

func (s *structuralSchema) stringType() *fieldType {
	var values []string
	for _, v := range s.Enum {
		text, ok := v.(string)
		if !ok {
			return scalars["string"]
		}
		values = append(values, text)
	}
	if len(values) == 0 {
		return scalars["string"]
	}
	return &fieldType{form: enum, values: values}
}
