package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// enums are the values that string fields can have, by type and field as the store names them. The published OpenAPI leaves them
// out; the Go code that it is published from has them.
type enums map[string]map[string][]string

// readEnums reads the generated definitions of k8s.io/api, one function each, named after its package and type.
func readEnums(folder string) (enums, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, "pkg", "generated", "openapi", "zz_generated.openapi.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := enums{}
	for _, declared := range file.Decls {
		function, ok := declared.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name, ours := strings.CutPrefix(function.Name.Name, "schema_k8sio_api_")
		if !ours {
			continue
		}
		fields := map[string][]string{}
		ast.Inspect(function, func(n ast.Node) bool {
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
		if len(fields) > 0 {
			found[strings.ReplaceAll(name, "_", ".")] = fields
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the generated OpenAPI code has no Enum any more: readEnums needs to learn its new form")
	}
	return found, nil
}

// enumOf is the first Enum in the definition of a property: its own, or that of its items.
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
		return "" // no string: the parser has accepted it, so it is another literal
	}
	return text
}
