// Package valuesschema compares the values of a chart with the values.schema.json files of the chart and its subcharts.
package valuesschema

import (
	"errors"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// Failures returns the values.schema.json files of the chart and its enabled subcharts that are not valid JSON Schemas.
// A message continues a sentence that starts with the name of the file.
func Failures(r *chart.Rendered) []chart.Failure {
	var failures []chart.Failure
	for _, s := range r.Scopes() {
		if c := compile(s); c != nil && c.schema == nil {
			failures = append(failures, c.failure)
		}
	}
	return failures
}

// Violations returns the violations of the schemas of the chart and its enabled subcharts by the values, each at the
// position where the value is set. A schema that refuses a value that is missing, null or empty demands one.
func Violations(r *chart.Rendered) []chart.Failure {
	var found []chart.Failure
	for _, s := range r.Scopes() {
		c := compile(s)
		if c == nil || c.schema == nil {
			continue
		}
		for _, v := range c.schema.Validate(s.Values) {
			if len(s.Keys) > 0 && len(v.Path) == 0 && v.Key == chart.GlobalKey {
				continue // Helm adds the key, and RefusedGlobals reports the schema
			}
			failure := chart.Failure{
				Position: s.Position(v.Path, v.Key),
				Message:  schema.FormatPath(slices.Concat(s.Keys, v.Path)) + " " + v.Problem,
				Demand:   v.Unset,
			}
			if !slices.Contains(found, failure) {
				found = append(found, failure)
			}
		}
	}
	return found
}

// Validate returns the violations of the schemas of the chart and of the subcharts that a rendering enables by other
// values of the root chart. The paths start at these values.
func Validate(r *chart.Rendered, values map[string]any) []schema.Violation {
	var found []schema.Violation
	for _, s := range r.Scopes() {
		c := compile(s)
		if c == nil || c.schema == nil {
			continue
		}
		for _, v := range c.schema.Validate(chart.Lookup(values, s.Keys)) {
			v.Path = slices.Concat(s.Keys, v.Path)
			found = append(found, v)
		}
	}
	return found
}

// compiled is a values.schema.json. schema is nil if it does not compile.
type compiled struct {
	schema  *schema.Schema
	failure chart.Failure
}

// compile compiles the schema of a scope's chart, once for all renderings of the chart. It returns nil if there is
// none.
func compile(s chart.Scope) *compiled {
	file := s.File(chart.SchemaJSON)
	if file == nil {
		return nil
	}
	type key struct{ path string }
	return chart.Once(s.Rendered().Chart(), key{file.Position.File}, func() *compiled {
		compiledSchema, err := schema.Compile(file.Content)
		c := &compiled{schema: compiledSchema, failure: chart.Failure{Position: file.Position}}
		if failure := (*schema.CompileError)(nil); errors.As(err, &failure) {
			c.failure.Message = failure.Problem
			c.failure.Position.Line, c.failure.Position.Column = failure.Line, failure.Column
		}
		return c
	})
}

// RefusedGlobal is a schema that forbids the key global.
type RefusedGlobal struct {
	Subchart string         // the path of the subchart's values; "" for the chart itself
	Position chart.Position // of the keyword that forbids unknown keys
}

// RefusedGlobals returns the schemas of the chart and its enabled subcharts that forbid the key global.
func RefusedGlobals(r *chart.Rendered) []RefusedGlobal {
	var found []RefusedGlobal
	for _, s := range r.Scopes() {
		file := s.File(chart.SchemaJSON)
		if file == nil {
			continue
		}
		type key struct{ path string }
		refused := chart.Once(r.Chart(), key{file.Position.File}, func() RefusedGlobal {
			document := schema.Parse(file.Content)
			if document == nil {
				return RefusedGlobal{}
			}
			if closed := document.Root().Refusing(chart.GlobalKey); closed != nil {
				return RefusedGlobal{Position: file.At(closed)}
			}
			return RefusedGlobal{}
		})
		if refused != (RefusedGlobal{}) {
			if len(s.Keys) > 0 {
				refused.Subchart = schema.FormatPath(s.Keys)
			}
			found = append(found, refused)
		}
	}
	return found
}

// Described is an enabled chart of the tree with its values.schema.json.
type Described struct {
	Scope    chart.Scope
	File     *chart.File
	Document *schema.Document
}

// Documents returns the schemas of the chart and its enabled subcharts, without those that are invalid.
func Documents(r *chart.Rendered) []Described {
	var found []Described
	for _, s := range r.Scopes() {
		if c := compile(s); c == nil || c.schema == nil {
			continue
		}
		file := s.File(chart.SchemaJSON)
		if document := schema.Parse(file.Content); document != nil {
			found = append(found, Described{Scope: s, File: file, Document: document})
		}
	}
	return found
}

// Document returns the chart's own values.schema.json, parsed once; nil if it has none that is JSON.
func Document(c *chart.Chart) *schema.Document {
	type key struct{}
	return chart.Once(c, key{}, func() *schema.Document {
		file := c.File(chart.SchemaJSON)
		if file == nil {
			return nil
		}
		return schema.Parse(file.Content)
	})
}

// OpenObjects returns the objects of the values with keys that the chart's schema describes, where it also accepts
// other keys too, each at its position in the schema. The globals are omitted: other charts add keys to them.
func OpenObjects(c *chart.Chart) []chart.ValuesKey {
	document := Document(c)
	if document == nil {
		return nil
	}
	var found []chart.ValuesKey
	for _, o := range document.OpenObjects(chart.GlobalKey) {
		at := c.File(chart.SchemaJSON).Position
		at.Line, at.Column = o.Line, o.Column
		found = append(found, chart.ValuesKey{Key: schema.FormatPath(o.Path), Position: at})
	}
	return found
}
