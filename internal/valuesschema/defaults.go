package valuesschema

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// DifferentDefault is a default in the schema that differs from the value in values.yaml.
type DifferentDefault struct {
	// Key is the path of the value, as people write it.
	Key string
	// Position is the position of the default in the schema, Values that of the key in values.yaml.
	Position, Values chart.Position
	// Default and Value are the default and the value as JSON. Value is empty if values.yaml does not set the key.
	Default, Value string
}

// DifferentDefaults returns the defaults in the chart's schema that differ from its values.yaml, which is where Helm
// takes defaults from. Of an object, the keys of the default are compared. A key that is null in either is unset, and
// has any default.
func DifferentDefaults(c *chart.Chart) []DifferentDefault {
	document, file := Document(c), c.File(chart.ValuesYAML)
	if document == nil || file == nil {
		return nil
	}
	d := &defaults{schema: c.File(chart.SchemaJSON), values: file}
	d.visit(file.YAML(), document.Root(), nil)
	return d.found
}

type defaults struct {
	schema, values *chart.File
	found          []DifferentDefault
}

// visit compares values with the properties of a schema. It considers only a default in the property itself: a schema
// that several properties refer to may have a default for all of them.
func (d *defaults) visit(values *yaml.Node, schemas schema.Schemas, path []string) {
	if len(path) > maxDepth {
		return
	}
	properties := map[string][]schema.Schemas{}
	for name, property := range schemas.Properties() {
		properties[name] = append(properties[name], property)
	}
	for key, value := range chart.Pairs(values) {
		if value.Tag == "!!null" || key.Tag == "!!merge" {
			continue
		}
		at := append(slices.Clip(path), key.Value)
		for _, property := range properties[key.Value] {
			if keyword, written := property.Default(); keyword != nil {
				d.compare(keyword, written, key, value, at)
			}
			d.visit(value, property, at)
		}
	}
}

// compare reports where a default and the value of a key in values.yaml differ. name is the node to report the default
// at.
func (d *defaults) compare(name, written, key, value *yaml.Node, path []string) {
	if isMap(written) && isMap(value) {
		for part, wanted := range chart.Pairs(written) {
			at := append(slices.Clip(path), part.Value)
			if own, set := chart.Entry(value, part.Value); own != nil {
				d.compare(part, wanted, own, set, at)
			} else if wanted.Tag != "!!null" {
				d.missing(part, wanted, key, at)
			}
		}
		return
	}
	var want, got any
	if written.Decode(&want) != nil || value.Decode(&got) != nil || schema.Equal(want, got) {
		return
	}
	d.add(DifferentDefault{
		Key:      schema.FormatPath(path),
		Position: d.schema.At(name),
		Values:   d.values.At(key),
		Default:  schema.FormatValue(want),
		Value:    schema.FormatValue(got),
	})
}

// missing reports a key of a default that a map in values.yaml does not have. key is the key of the map.
func (d *defaults) missing(name, written, key *yaml.Node, path []string) {
	var want any
	if written.Decode(&want) == nil {
		d.add(DifferentDefault{
			Key:      schema.FormatPath(path),
			Position: d.schema.At(name),
			Values:   d.values.At(key),
			Default:  schema.FormatValue(want),
		})
	}
}

func (d *defaults) add(found DifferentDefault) {
	if !slices.Contains(d.found, found) {
		d.found = append(d.found, found)
	}
}

func isMap(n *yaml.Node) bool { return n.Kind == yaml.MappingNode }
