package valuesschema

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// maxDepth limits how deep values are followed: YAML aliases may form a cycle.
const maxDepth = 40

// Undescribed returns the keys of values.yaml that the chart's schema does not describe although it accepts them, in
// the order of the file. Globals and the values of subcharts are omitted: other charts describe them.
func Undescribed(c *chart.Chart) []chart.ValuesKey {
	var keys []chart.ValuesKey
	for _, k := range UndescribedKeys(c) {
		keys = append(keys, k.ValuesKey)
	}
	return keys
}

// UndescribedKey is a key of values.yaml that the schema does not describe.
type UndescribedKey struct {
	chart.ValuesKey
	Name  string         // the last key of the path
	Value *yaml.Node     // in values.yaml
	In    schema.Schemas // of the map that has the key
}

// UndescribedKeys returns the keys of [Undescribed] with their values, and the schemas that should describe them.
func UndescribedKeys(c *chart.Chart) []UndescribedKey {
	document, file := Document(c), c.File(chart.ValuesYAML)
	if document == nil || file == nil {
		return nil
	}
	u := undescribed{chart: c, file: file, none: document.Root().DescribeNothing()}
	u.visit(file.YAML(), document.Root(), nil)
	return u.found
}

type undescribed struct {
	chart *chart.Chart
	file  *chart.File
	none  bool // the schema describes no key at all
	found []UndescribedKey
}

func (u *undescribed) visit(values *yaml.Node, schemas schema.Schemas, path []string) {
	values = chart.Resolve(values)
	if values == nil || len(path) > maxDepth {
		return
	}
	if values.Kind == yaml.SequenceNode {
		for i, item := range values.Content {
			index := strconv.Itoa(i)
			if below, verdict := schemas.Key(index); verdict == schema.Described {
				u.visit(item, below, append(slices.Clip(path), index))
			}
		}
		return
	}
	for key, value := range chart.Pairs(values) {
		if key.Tag == "!!merge" || len(path) == 0 && u.chart.IsSharedKey(key.Value) {
			continue
		}
		at := append(slices.Clip(path), key.Value)
		below, verdict := schemas.Key(key.Value)
		switch {
		case verdict == schema.Described:
			u.visit(value, below, at)
		case verdict == schema.Undescribed, verdict == schema.Unconstrained && len(path) == 0 && u.none:
			u.found = append(u.found, UndescribedKey{
				ValuesKey: chart.ValuesKey{Key: schema.FormatPath(at), Position: u.file.At(key)},
				Name:      key.Value,
				Value:     value,
				In:        schemas,
			})
		}
	}
}
