package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// store holds the types and kinds of several Kubernetes versions. Sets of versions are bits, the lowest for the oldest.
type store struct {
	types map[string]*object
	kinds map[kind]*servedKind
}

type object struct {
	versions int
	fields   map[field]int // the versions that have exactly this field
}

// field is a line of the store without the versions.
type field struct {
	name, typ string
	required  bool
}

type kind struct{ apiVersion, name string }

func (k kind) compare(other kind) int {
	return cmp.Or(cmp.Compare(k.apiVersion, other.apiVersion), cmp.Compare(k.name, other.name))
}

type servedKind struct {
	typ      string
	versions int
}

// schema is an OpenAPI v2 schema, reduced to what Kubernetes uses.
type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 string            `json:"type"`
	Format               string            `json:"format"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	Kinds                []groupKind       `json:"x-kubernetes-group-version-kind"`
}

type groupKind struct{ Group, Version, Kind string }

func (k groupKind) kind() kind {
	if k.Group == "" {
		return kind{k.Version, k.Kind}
	}
	return kind{k.Group + "/" + k.Version, k.Kind}
}

type document struct {
	Definitions map[string]schema `json:"definitions"`
	Paths       map[string]struct {
		Post *struct {
			Action string    `json:"x-kubernetes-action"`
			Kind   groupKind `json:"x-kubernetes-group-version-kind"`
		} `json:"post"`
	} `json:"paths"`
}

// read adds the OpenAPI of one Kubernetes version.
func (s *store) read(folder string, version int) error {
	content, err := os.ReadFile(filepath.Join(folder, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return err
	}
	var doc document
	if err := json.Unmarshal(content, &doc); err != nil {
		return err
	}
	enums, err := readEnums(folder)
	if err != nil {
		return err
	}
	if s.types == nil {
		s.types, s.kinds = map[string]*object{}, map[kind]*servedKind{}
	}
	r := reader{store: s, definitions: doc.Definitions, enums: enums, version: version}
	for _, creatable := range doc.kinds() {
		if err := r.kind(creatable.kind, creatable.definition); err != nil {
			return err
		}
	}
	return nil
}

type definedKind struct {
	kind       kind
	definition string
}

// kinds returns the kinds that a manifest can create, and their lists. Such a kind has a POST that does not address an
// existing object.
func (d document) kinds() []definedKind {
	created := map[kind]bool{}
	for path, operations := range d.Paths {
		if operations.Post != nil && operations.Post.Action == "post" && !strings.Contains(path, "{name}") {
			created[operations.Post.Kind.kind()] = true
		}
	}
	var found []definedKind
	for name, definition := range d.Definitions {
		if len(definition.Kinds) != 1 {
			continue // DeleteOptions and WatchEvent are in every group
		}
		k := definition.Kinds[0].kind()
		if created[k] || created[kind{k.apiVersion, strings.TrimSuffix(k.name, "List")}] {
			found = append(found, definedKind{k, name})
		}
	}
	return found
}

// reader adds the definitions of one version to the store.
type reader struct {
	store       *store
	definitions map[string]schema
	enums       enums
	version     int
}

func (r reader) kind(k kind, definition string) error {
	typ, err := r.reference(definition)
	if err != nil {
		return err
	}
	known := r.store.kinds[k]
	if known == nil {
		known = &servedKind{typ: typ}
		r.store.kinds[k] = known
	}
	if known.typ != typ {
		return fmt.Errorf("%s %s has the type %s in one version and %s in another", k.apiVersion, k.name, known.typ, typ)
	}
	known.versions |= r.version
	return nil
}

// scalars are the definitions that the store has a special word for.
var scalars = map[string]string{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   "quantity",
	"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime":  "time",
	"io.k8s.apimachinery.pkg.apis.meta.v1.Time":       "time",
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
}

// reference returns the store's name for the type of a definition. It adds the type if it is new.
func (r reader) reference(name string) (string, error) {
	if scalar := scalars[name]; scalar != "" {
		return scalar, nil
	}
	definition, known := r.definitions[name]
	if !known {
		return "", fmt.Errorf("definition %s does not exist", name)
	}
	if len(definition.Properties) == 0 {
		return "any", nil // a RawExtension, JSON, or a struct without fields
	}
	typ := shorten(name)
	into := r.store.types[typ]
	if into == nil {
		into = &object{fields: map[field]int{}}
		r.store.types[typ] = into
	}
	if into.versions&r.version != 0 {
		return typ, nil // types are recursive
	}
	into.versions |= r.version
	for property, value := range definition.Properties {
		expression, err := r.expression(value, r.enums[typ][property])
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", name, property, err)
		}
		// The API server cannot distinguish a missing boolean from false.
		required := slices.Contains(definition.Required, property) && expression != "boolean"
		into.fields[field{property, expression, required}] |= r.version
	}
	return typ, nil
}

// shorten removes the prefix that all definitions of a module share.
func shorten(definition string) string {
	for _, prefix := range []string{
		"io.k8s.api.", "io.k8s.apimachinery.pkg.apis.",
		"io.k8s.apiextensions-apiserver.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis.",
	} {
		if short, cut := strings.CutPrefix(definition, prefix); cut {
			return short
		}
	}
	return definition
}

// expression returns a type in the grammar of the store, which package kubeschema documents.
func (r reader) expression(s schema, enum []string) (string, error) {
	if s.Ref != "" {
		return r.reference(strings.TrimPrefix(s.Ref, "#/definitions/"))
	}
	switch {
	case s.Type == "array" && s.Items != nil:
		items, err := r.expression(*s.Items, enum)
		return "[]" + items, err
	case s.Type == "object" && s.AdditionalProperties != nil:
		values, err := r.expression(*s.AdditionalProperties, enum)
		return "{}" + values, err
	case s.Type == "object":
		return "{}any", nil
	case s.Type == "string" && len(enum) > 0:
		return "=" + strings.Join(enum, "|"), nil
	}
	switch s.Type + " " + s.Format {
	case "string ":
		return "string", nil
	case "string byte":
		return "base64", nil
	case "boolean ":
		return "boolean", nil
	case "integer int32":
		return "int32", nil
	case "integer int64":
		return "int64", nil
	case "number double":
		return "number", nil
	}
	return "", fmt.Errorf("the store cannot express the type %+v", s)
}

// write writes the kinds and the types, each sorted by name.
func (s *store) write(w io.Writer) {
	for _, k := range slices.SortedFunc(maps.Keys(s.kinds), kind.compare) {
		fmt.Fprintf(w, "kind %s %s %s %x\n", k.apiVersion, k.name, s.kinds[k].typ, s.kinds[k].versions)
	}
	for _, name := range slices.Sorted(maps.Keys(s.types)) {
		fmt.Fprintf(w, "type %s\n", name)
		s.types[name].write(w)
	}
}

func (o *object) write(w io.Writer) {
	byName := func(a, b field) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(o.fields[a], o.fields[b]))
	}
	for _, f := range slices.SortedFunc(maps.Keys(o.fields), byName) {
		fmt.Fprintf(w, " %s %s", f.name, f.typ)
		if f.required {
			fmt.Fprint(w, " !")
		}
		if versions := o.fields[f]; versions != o.versions {
			fmt.Fprintf(w, " @%x", versions)
		}
		fmt.Fprintln(w)
	}
}
