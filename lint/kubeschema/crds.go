package kubeschema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
)

// CRDs are the kinds that custom resource definitions define. A nil *CRDs defines none. It is safe for concurrent use.
type CRDs struct {
	kinds map[kind]*object
}

// LoadCRDs reads the definitions in all YAML and JSON files below a folder. It ignores other objects in them. A file
// that is not YAML is an error.
func LoadCRDs(folder string) (*CRDs, error) {
	c := newCRDs()
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

// CRDsOf returns the definitions in the crds/ folders of a chart and its subcharts, those among the rendered objects,
// and others, any of which may be nil. Definitions that cannot be read are ignored. Each chart and rendering is read
// once.
func CRDsOf(c *chart.Chart, rendered *chart.Rendered, others ...*CRDs) *CRDs {
	type key struct{}
	inFolder := chart.Once(c, key{}, func() *CRDs { return crdsInFolder(c) })
	inObjects := chart.Once(rendered, key{}, func() *CRDs { return crdsInObjects(rendered) })
	all := newCRDs()
	for _, crds := range append(slices.Clone(others), inFolder, inObjects) {
		if crds != nil {
			maps.Copy(all.kinds, crds.kinds)
		}
	}
	return all
}

func crdsInFolder(c *chart.Chart) *CRDs {
	crds := newCRDs()
	for _, content := range c.CRDFiles() {
		_ = crds.read(content) // a file that does not parse defines nothing
	}
	return crds
}

func crdsInObjects(rendered *chart.Rendered) *CRDs {
	crds := newCRDs()
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

func newCRDs() *CRDs { return &CRDs{kinds: map[kind]*object{}} }

// Defines reports whether a definition has this API version and kind.
func (c *CRDs) Defines(apiVersion, name string) bool { return c.object(kind{apiVersion, name}) != nil }

func (c *CRDs) object(k kind) *object {
	if c == nil {
		return nil
	}
	return c.kinds[k]
}

// read adds the definitions of a YAML file. Documents that are not valid definitions are ignored.
func (c *CRDs) read(content []byte) error {
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var d definition
		err := decoder.Decode(&d)
		var wrongType *yaml.TypeError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrongType):
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
	if d.Spec.Version != "" { // in apiextensions.k8s.io/v1beta1
		versions = append(versions, definedVersion{Name: d.Spec.Version})
	}
	for _, v := range versions {
		s := v.Schema.OpenAPI
		if s == nil {
			s = d.Spec.Validation.OpenAPI
		}
		apiVersion := d.Spec.Group + "/" + v.Name
		c.kinds[kind{apiVersion, d.Spec.Names.Kind}] = s.rootObject()
		c.kinds[kind{apiVersion, d.Spec.Names.ListKind}] = (*structuralSchema)(nil).rootObject()
	}
}

const definitionKind = "CustomResourceDefinition"

// definition is a custom resource definition, reduced to what defines types.
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
	OpenAPI *structuralSchema `yaml:"openAPIV3Schema"`
}
