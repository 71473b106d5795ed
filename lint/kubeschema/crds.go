package kubeschema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"weak"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
)

// CRDs are the kinds that custom resource definitions define. A nil *CRDs defines none; it is safe for concurrent use.
type CRDs struct {
	kinds map[kind]*object
}

// LoadCRDs reads the definitions in the YAML and JSON files of a folder and those below it. Other objects in them are passed over; a
// file that is no YAML is an error.
func LoadCRDs(folder string) (*CRDs, error) {
	c := &CRDs{kinds: map[kind]*object{}}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) {
			return err
		}
		content, err := chart.ReadFile(path)
		if err != nil {
			return err
		}
		if err := c.read(content); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the custom resource definitions in %s: %w", folder, err)
	}
	return c, nil
}

var (
	inCharts     = cache[chart.Chart, *CRDs]{of: crdsOfChart}
	inRenderings = cache[chart.Rendered, *CRDs]{of: crdsOfRendering}
)

// CRDsOf are the definitions that come with a chart: in its crds/ folder and those of its subcharts, and among the objects that it
// renders; and those of more, of which any may be nil. Each chart and rendering is read once. A definition that cannot be read
// is not among them.
func CRDsOf(c *chart.Chart, rendered *chart.Rendered, more ...*CRDs) *CRDs {
	all := &CRDs{kinds: map[kind]*object{}}
	for _, crds := range slices.Concat(more, []*CRDs{inCharts.get(c), inRenderings.get(rendered)}) {
		if crds != nil {
			maps.Copy(all.kinds, crds.kinds)
		}
	}
	return all
}

func crdsOfChart(c *chart.Chart) *CRDs {
	crds := &CRDs{kinds: map[kind]*object{}}
	for _, content := range c.CRDFiles() {
		_ = crds.read(content) // what does not parse defines nothing
	}
	return crds
}

func crdsOfRendering(rendered *chart.Rendered) *CRDs {
	crds := &CRDs{kinds: map[kind]*object{}}
	for _, o := range rendered.Objects {
		if o.Kind != definitionKind {
			continue
		}
		var d definition
		if o.Decode(&d) == nil {
			crds.add(d)
		}
	}
	return crds
}

// Defines says whether one of the definitions is of this API version and kind.
func (c *CRDs) Defines(apiVersion, name string) bool { return c.object(kind{apiVersion, name}) != nil }

func (c *CRDs) object(k kind) *object {
	if c == nil {
		return nil
	}
	return c.kinds[k]
}

// read takes in the definitions of a YAML file.
func (c *CRDs) read(content []byte) error {
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var d definition
		err := decoder.Decode(&d)
		var odd *yaml.TypeError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &odd): // no definition, or a wrong one, which is for the API server to say
		case err != nil:
			return err
		default:
			c.add(d)
		}
	}
}

func (c *CRDs) add(d definition) {
	if d.Kind != definitionKind {
		return
	}
	versions := d.Spec.Versions
	if d.Spec.Version != "" { // as in v1beta1
		versions = append(versions, definedVersion{Name: d.Spec.Version})
	}
	for _, v := range versions {
		s := v.Schema.OpenAPI
		if s == nil {
			s = d.Spec.Validation.OpenAPI
		}
		apiVersion := d.Spec.Group + "/" + v.Name
		c.kinds[kind{apiVersion, d.Spec.Names.Kind}] = s.root()
		c.kinds[kind{apiVersion, d.Spec.Names.ListKind}] = (*structural)(nil).root()
	}
}

const definitionKind = "CustomResourceDefinition"

// definition is a custom resource definition, as far as it defines types.
type definition struct {
	Kind string
	Spec struct {
		Group string
		Names struct {
			Kind     string
			ListKind string `yaml:"listKind"`
		}
		Versions   []definedVersion
		Version    string
		Validation definedSchema
	}
}

type definedVersion struct {
	Name   string
	Schema definedSchema
}

type definedSchema struct {
	OpenAPI *structural `yaml:"openAPIV3Schema"`
}

// structural is a structural schema, as far as it says which fields there are and of which type.
type structural struct {
	Type          string
	Properties    map[string]*structural
	Additional    *additional `yaml:"additionalProperties"`
	Items         *structural
	Required      []string
	Enum          []any
	Default       yaml.Node
	Open          bool `yaml:"x-kubernetes-preserve-unknown-fields"`
	IntOrString   bool `yaml:"x-kubernetes-int-or-string"`
	EmbedsAnother bool `yaml:"x-kubernetes-embedded-resource"`
}

// additional is what additionalProperties can be: a schema, or true, which is any.
type additional struct{ values *structural }

// UnmarshalYAML reads either form.
func (a *additional) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	return n.Decode(&a.values)
}

// root is the type of an object that the schema describes, which has what every object has; without a schema, any field.
func (s *structural) root() *object {
	if s == nil || len(s.Properties) == 0 {
		return &object{open: true, fields: objectFields(nil)}
	}
	return s.object(objectFields(kubernetes()))
}

// objectFields are the fields of every object. Of an object within another, of which s is nil, the metadata can be anything.
func objectFields(s *store) map[string][]field {
	metadata := scalars["any"]
	if s != nil {
		metadata = s.typ("meta.v1.ObjectMeta")
	}
	return map[string][]field{
		"apiVersion": {{typ: scalars["string"], versions: allVersions}},
		"kind":       {{typ: scalars["string"], versions: allVersions}},
		"metadata":   {{typ: metadata, versions: allVersions}},
	}
}

// object is the type that the schema describes, with some fields that it has in any case.
func (s *structural) object(fields map[string][]field) *object {
	for name, property := range s.Properties {
		if _, given := fields[name]; !given {
			fields[name] = []field{{typ: property.typ(), versions: allVersions}}
		}
	}
	o := &object{open: s.Open, fields: fields}
	for _, name := range slices.Sorted(slices.Values(s.Required)) {
		// A default is filled in before anything is required.
		if property := s.Properties[name]; property != nil && property.Default.IsZero() {
			o.required = append(o.required, requirement{name, allVersions})
		}
	}
	return o
}

func (s *structural) typ() *typ {
	switch {
	case s == nil:
		return scalars["any"]
	case s.IntOrString:
		return scalars["int-or-string"]
	}
	switch s.Type {
	case "object":
		return s.objectType()
	case "array":
		return &typ{form: list, items: s.Items.typ()}
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

func (s *structural) objectType() *typ {
	switch {
	case len(s.Properties) > 0 && s.EmbedsAnother:
		return &typ{form: structure, object: s.object(objectFields(nil))}
	case len(s.Properties) > 0:
		return &typ{form: structure, object: s.object(map[string][]field{})}
	case s.Additional != nil:
		return &typ{form: mapping, items: s.Additional.values.typ()}
	}
	return &typ{form: mapping, items: scalars["any"]}
}

func (s *structural) stringType() *typ {
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
	return &typ{form: enum, values: values}
}

// cache keeps what is made of values for as long as they live.
type cache[K, V any] struct {
	of   func(*K) V
	made sync.Map // from weak.Pointer[K] to func() V
}

func (c *cache[K, V]) get(k *K) V {
	key := weak.Make(k)
	if made, ok := c.made.Load(key); ok {
		return made.(func() V)()
	}
	// Once called, which is now, the function keeps k alive no longer.
	made, loaded := c.made.LoadOrStore(key, sync.OnceValue(func() V { return c.of(k) }))
	if !loaded {
		runtime.AddCleanup(k, func(key weak.Pointer[K]) { c.made.Delete(key) }, key)
	}
	return made.(func() V)()
}
