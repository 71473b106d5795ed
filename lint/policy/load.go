package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/suggest"
)

// FileName is the default name of a configuration file.
const FileName = ".chartlint.yaml"

// Find returns the configuration file of a chart, which is a folder or an archive: the file in the chart's folder, or
// else the one beside the chart. It returns an empty path if there is neither.
func Find(chartPath string) string {
	chartPath = filepath.Clean(chartPath)
	beside := filepath.Join(chartPath, "..", FileName) // filepath.Dir(".") would be "."
	for _, file := range []string{filepath.Join(chartPath, FileName), beside} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// Load reads a configuration file, which may name the rules of the given IDs. The error lists every mistake with its
// line: unknown keys and rules, values of the wrong type, suppressions without a reason, missing values files.
func Load(file string, rules []string) (*Policy, error) {
	content, err := chart.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if line, problem := chart.SyntaxError(string(content)); line > 0 {
		return nil, fmt.Errorf("%s:%d: invalid YAML: %s", file, line, problem)
	}
	p := Default()
	p.File = file
	if err := decode(content, p); err != nil {
		return nil, inFile(file, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil || document.Kind != yaml.DocumentNode {
		return p, err // a file without content has no document
	}
	if err := check(p, document.Content[0], rules); err != nil {
		return nil, inFile(file, err)
	}
	return p, nil
}

func decode(content []byte, p *Policy) error {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("want one YAML document, not several")
	}
	return nil
}

// mistakef returns an error at a node. The decoder collects errors of this type and continues.
func mistakef(node *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", node.Line) + fmt.Sprintf(format, args...)}}
}

// The errors of the YAML decoder.
var (
	atLine       = regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type (\S+)$`)
	wrongType    = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")
)

// inFile rewrites an error of the decoder or of check: each mistake becomes a line of the form file:line: problem.
func inFile(file string, err error) error {
	var mistakes []error
	for _, text := range messages(err) {
		position := file
		if m := atLine.FindStringSubmatch(text); m != nil {
			position, text = file+":"+m[1], m[2]
		}
		mistakes = append(mistakes, fmt.Errorf("%s: %s", position, describe(text)))
	}
	return errors.Join(mistakes...)
}

func messages(err error) []string {
	switch err := err.(type) { //nolint:errorlint // takes the error apart, rather than looking for another in it
	case *yaml.TypeError:
		return err.Errors
	case interface{ Unwrap() []error }:
		var all []string
		for _, e := range err.Unwrap() {
			all = append(all, messages(e)...)
		}
		return all
	}
	return []string{strings.TrimPrefix(err.Error(), "yaml: ")}
}

// describe translates a problem from the decoder's Go terms into YAML terms.
func describe(problem string) string {
	if m := unknownField.FindStringSubmatch(problem); m != nil {
		known := keys(m[2])
		if suggestion := suggest.For(m[1], known); suggestion != "" {
			return fmt.Sprintf("unknown key %q%s", m[1], suggestion)
		}
		return fmt.Sprintf("unknown key %q; the keys are %s", m[1], strings.Join(known, ", "))
	}
	if m := wrongType.FindStringSubmatch(problem); m != nil {
		actual := strconv.Quote(m[2])
		switch m[1] {
		case "map":
			actual = "a map"
		case "seq":
			actual = "a list"
		}
		return fmt.Sprintf("want %s, not %s", yamlType(m[3]), actual)
	}
	return problem
}

func yamlType(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "text"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	}
	return "a map"
}

// keys returns the YAML keys of the struct of a name, such as policy.Resources, which is Policy or part of it.
func keys(goType string) []string {
	var found []string
	var visit func(reflect.Type)
	seen := map[reflect.Type]bool{}
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if t.String() == goType {
					if key := yamlKey(t.Field(i)); key != "" {
						found = append(found, key)
					}
				}
				visit(t.Field(i).Type)
			}
		}
	}
	visit(reflect.TypeFor[Policy]())
	return found
}

// yamlKey returns the YAML key of a field, or an empty string if it has none.
func yamlKey(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	if key == "-" {
		return ""
	}
	return key
}
