package policy

import (
	"embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

// Schema returns the JSON Schema of a configuration file, which editors use for completion. It is derived from the
// types that [Load] decodes; their doc comments become the descriptions.
func Schema() ([]byte, error) {
	comments, err := docComments()
	if err != nil {
		return nil, fmt.Errorf("read the doc comments of the configuration: %w", err)
	}
	schema := describer{comments}.describe(reflect.TypeFor[Policy]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Configuration of the chart linter, " + FileName
	content, err := json.MarshalIndent(schema, "", "  ")
	return append(content, '\n'), err
}

// describer derives JSON Schemas from Go types.
type describer struct {
	comments map[string]string // by Type and Type.Field
}

// selfDescribing is implemented by types that decode themselves.
type selfDescribing interface{ jsonSchema() map[string]any }

func (d describer) describe(t reflect.Type) map[string]any {
	if value, ok := reflect.Zero(t).Interface().(selfDescribing); ok {
		return value.jsonSchema()
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Uint32:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.describe(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.describe(t.Elem())}
	case reflect.Struct:
		return d.describeStruct(t)
	}
	panic("no JSON Schema for " + t.String()) // a test calls Schema
}

func (d describer) describeStruct(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	for i := range t.NumField() {
		field := t.Field(i)
		key := yamlKey(field)
		if key == "" {
			continue
		}
		property := d.describe(field.Type)
		if comment := d.comments[t.Name()+"."+field.Name]; comment != "" {
			// A Go comment begins with the name of its field, which is not the name of the key.
			property["description"] = strings.Replace(comment, field.Name, key, 1)
		}
		properties[key] = property
		if field.Tag.Get("required") == "true" {
			required = append(required, key)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	if comment := d.comments[t.Name()]; comment != "" {
		schema["description"] = comment
	}
	return schema
}

// The files that declare the types of the configuration. A program has no comments at run time, so it carries these
// files.
//
//go:embed policy.go resources.go customrule.go
var declarations embed.FS

// docComments returns the comments of types and their fields, each on one line, by Type and Type.Field.
func docComments() (map[string]string, error) {
	comments := map[string]string{}
	files, err := declarations.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		content, err := declarations.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), content, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if declaration, ok := n.(*ast.GenDecl); ok && declaration.Tok == token.TYPE {
				addComments(comments, declaration)
			}
			return true
		})
	}
	return comments, nil
}

// addComments adds the comments of a type declaration, which declares one type.
func addComments(comments map[string]string, declaration *ast.GenDecl) {
	spec := declaration.Specs[0].(*ast.TypeSpec)
	comments[spec.Name.Name] = oneLine(declaration.Doc)
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			comments[spec.Name.Name+"."+name.Name] = oneLine(field.Doc)
		}
	}
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
