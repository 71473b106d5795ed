package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// lifecycles maps APIs to the versions that deprecate and remove them.
type lifecycles map[kind]*lifecycle

type lifecycle struct {
	deprecated, removed string // minor versions such as 1.22; empty if none is planned
	replacement         kind
}

// read adds the lifecycles in the generated methods below a module's folder. APIs that are known already keep theirs.
func (l lifecycles) read(folder string) error {
	found := lifecycles{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "zz_generated.prerelease-lifecycle.go" {
			return err
		}
		return found.readFile(path)
	})
	for k, life := range found {
		if l[k] == nil && (life.deprecated != "" || life.removed != "") {
			l[k] = life
		}
	}
	return err
}

func (l lifecycles) readFile(path string) error {
	group, err := groupName(filepath.Dir(path))
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declared := range file.Decls {
		method, ok := declared.(*ast.FuncDecl)
		if !ok || method.Recv == nil {
			continue
		}
		receiver := method.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		k := groupKind{group, file.Name.Name, receiver}.kind()
		if l[k] == nil {
			l[k] = &lifecycle{}
		}
		literals := literalsOf(method.Body)
		switch {
		case method.Name.Name == "APILifecycleDeprecated" && len(literals) == 2:
			l[k].deprecated = strings.Join(literals, ".")
		case method.Name.Name == "APILifecycleRemoved" && len(literals) == 2:
			l[k].removed = strings.Join(literals, ".")
		case method.Name.Name == "APILifecycleReplacement" && len(literals) == 3:
			l[k].replacement = groupKind{literals[0], literals[1], literals[2]}.kind()
		}
	}
	return nil
}

// groupName returns the API group that a package of types registers.
func groupName(folder string) (string, error) {
	packages, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return "", err
	}
	for _, path := range packages {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, declared := range file.Decls {
			constants, ok := declared.(*ast.GenDecl)
			if !ok || constants.Tok != token.CONST {
				continue
			}
			for _, spec := range constants.Specs {
				constant := spec.(*ast.ValueSpec)
				if constant.Names[0].Name == "GroupName" && len(constant.Values) == 1 {
					if literal, ok := constant.Values[0].(*ast.BasicLit); ok {
						return unquote(literal), nil
					}
				}
			}
		}
	}
	return "", fmt.Errorf("%s declares no constant GroupName", folder)
}

// literalsOf returns the numbers and strings in the body of a function, in order.
func literalsOf(body *ast.BlockStmt) []string {
	var found []string
	ast.Inspect(body, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			if literal.Kind == token.STRING {
				found = append(found, unquote(literal))
			} else {
				found = append(found, literal.Value)
			}
		}
		return true
	})
	return found
}

func (l lifecycles) write(w io.Writer) {
	orDash := func(s string) string { return cmp.Or(s, "-") }
	for _, k := range slices.SortedFunc(maps.Keys(l), kind.compare) {
		fmt.Fprintf(w, "life %s %s %s %s", k.apiVersion, k.name, orDash(l[k].deprecated), orDash(l[k].removed))
		if r := l[k].replacement; r != (kind{}) {
			fmt.Fprintf(w, " %s %s", r.apiVersion, r.name)
		}
		fmt.Fprintln(w)
	}
}
