package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// enums holds the allowed values of string fields, by the names that the store gives to types and fields. The published
// OpenAPI omits them, but the Go code that it is generated from has them.
type enums map[string]map[string][]string

// readEnums reads the generated definitions of k8s.io/api. Each is a function that is named after a package and type.
func readEnums(folder string) (enums, error) {
	path := filepath.Join(folder, "pkg", "generated", "openapi", "zz_generated.openapi.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := enums{}
	for _, declared := range file.Decls {
		function, ok := declared.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name, isAPI := strings.CutPrefix(function.Name.Name, "schema_k8sio_api_")
		if !isAPI {
			continue
		}
		if fields := enumFields(function); len(fields) > 0 {
			found[strings.ReplaceAll(name, "_", ".")] = fields
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no Enum: adapt readEnums to its new form", path)
	}
	return found, nil
}

// enumFields returns the allowed values in the definition of a type, by field.
func enumFields(definition *ast.FuncDecl) map[string][]string {
	fields := map[string][]string{}
	ast.Inspect(definition, func(n ast.Node) bool {
		property, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := property.Key.(*ast.BasicLit)
		if !ok {
			return true
		}
		if values := enumOf(property.Value); len(values) > 0 {
			fields[unquote(key)] = values
		}
		return true
	})
	return fields
}

// enumOf returns the first Enum in the definition of a property: its own, or that of its items.
func enumOf(property ast.Expr) []string {
	var values []string
	ast.Inspect(property, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok || len(values) > 0 {
			return true
		}
		if name, ok := pair.Key.(*ast.Ident); !ok || name.Name != "Enum" {
			return true
		}
		list, ok := pair.Value.(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, item := range list.Elts {
			if literal, ok := item.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				values = append(values, unquote(literal))
			}
		}
		return false
	})
	slices.Sort(values)
	return values
}

func unquote(literal *ast.BasicLit) string {
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "" // the parser accepted it, so it is a literal of another type
	}
	return text
}
