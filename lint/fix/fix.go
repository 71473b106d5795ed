// Package fix edits the files of a chart to solve findings that have one solution.
package fix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/lint/linter"
)

// Change is an edit of a file.
type Change struct {
	Position chart.Position
	What     string // what the edit does, as in "added global to the properties of the schema"
}

// maxChanges bounds the edits of one chart.
const maxChanges = 1000

// Chart edits the files of the chart in a folder, and returns the changes: it adds global and the keys of values.yaml
// to the schema, and quotes values of environment variables among the findings. It edits no file outside the folder.
func Chart(folder string, findings []linter.Finding) ([]Change, error) {
	if info, err := os.Stat(folder); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is an archive: extract it first", folder)
	}
	changes, err := quoteEnv(folder, findings)
	for err == nil && len(changes) < maxChanges {
		var change *Change
		if change, err = fixSchema(folder); change == nil {
			break
		}
		changes = append(changes, *change)
	}
	return changes, err
}

// fixSchema makes one change to the schema. It returns nil if there is nothing to change.
func fixSchema(folder string) (*Change, error) {
	c, err := chart.Load(folder)
	if err != nil {
		return nil, err
	}
	document, file := valuesschema.Document(c), c.File(chart.SchemaJSON)
	if document == nil {
		return nil, nil
	}
	properties := document.Root().PropertiesObject()
	if properties != nil && document.Root().Refusing(chart.GlobalKey) != nil {
		return describe(folder, file, properties, chart.GlobalKey, `{"type": "object"}`)
	}
	for _, k := range valuesschema.UndescribedKeys(c) {
		if properties := k.In.PropertiesObject(); properties != nil {
			return describe(folder, file, properties, k.Name, typeOf(k.Value))
		}
	}
	return nil, nil
}

// typeOf returns the schema of a value in values.yaml: its type.
func typeOf(value *yaml.Node) string {
	value = chart.Resolve(value)
	switch value.Kind {
	case yaml.MappingNode:
		return `{"type": "object"}`
	case yaml.SequenceNode:
		return `{"type": "array"}`
	}
	types := map[string]string{"!!str": "string", "!!int": "integer", "!!float": "number", "!!bool": "boolean"}
	if known := types[value.ShortTag()]; known != "" {
		return fmt.Sprintf(`{"type": %q}`, known)
	}
	return "{}" // null: any type
}

// describe adds a key to the properties of a schema.
func describe(folder string, file *chart.File, properties *yaml.Node, key, description string) (*Change, error) {
	path := filepath.Join(folder, chart.SchemaJSON)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	edited, err := insert(string(content), properties.Line, properties.Column, fmt.Sprintf("%q: %s", key, description))
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", path, err)
	}
	if _, err := schema.Compile([]byte(edited)); err != nil {
		return nil, fmt.Errorf("%s stays as it is: with %q it would not be valid: %w", path, key, err)
	}
	if err := write(folder, path, edited); err != nil {
		return nil, err
	}
	return &Change{file.At(properties), fmt.Sprintf("added %q: %s to the properties", key, description)}, nil
}

// insert adds a member to the JSON object that starts at a line and a column, which count from 1.
func insert(content string, line, column int, member string) (string, error) {
	lines := strings.SplitAfter(content, "\n")
	if line > len(lines) || column > len([]rune(lines[line-1])) {
		return "", errors.New("the object is not where it was")
	}
	start := len(strings.Join(lines[:line-1], "")) + len(string([]rune(lines[line-1])[:column-1]))
	if content[start] != '{' {
		return "", errors.New("the object is not where it was")
	}
	before, after := content[:start+1], content[start+1:]
	rest := strings.TrimLeft(after, " \t\r\n")
	space := after[:len(after)-len(rest)]
	switch {
	case strings.HasPrefix(rest, "}"):
		return before + member + rest, nil
	case strings.Contains(space, "\n"):
		return before + space + member + "," + space[strings.LastIndex(space, "\n"):] + rest, nil
	}
	return before + space + member + ", " + rest, nil
}

var (
	// envValue matches the message about the value of an environment variable that is no string.
	envValue = regexp.MustCompile(`\benv\[\d+\]\.value must be a string, not the (integer|number|boolean)`)
	// printed matches a line that prints a value through one action.
	printed = regexp.MustCompile(`^(\s*(?:- )?value: *\{\{-? *)([^{}]*?)( *-?\}\}[ \t]*\r?\n?)$`)
)

// quoteEnv appends `| quote` to the actions that print values of environment variables that must be strings.
func quoteEnv(folder string, findings []linter.Finding) ([]Change, error) {
	var changes []Change
	done := map[linter.Position]bool{}
	for _, f := range findings {
		at := linter.Position{File: f.Position.File, Line: f.Position.Line}
		if f.Rule != "manifest-type-wrong" || at.Line == 0 || done[at] || !envValue.MatchString(f.Message) {
			continue
		}
		done[at] = true
		content, err := os.ReadFile(at.File)
		if err != nil {
			continue // it is in an archive of a subchart
		}
		lines := strings.SplitAfter(string(content), "\n")
		if at.Line > len(lines) {
			continue
		}
		m := printed.FindStringSubmatch(lines[at.Line-1])
		if m == nil || slices.Contains(strings.Fields(m[2]), "toYaml") || strings.HasPrefix(m[2], "/*") {
			continue
		}
		lines[at.Line-1] = m[1] + m[2] + " | quote" + m[3]
		if err := write(folder, at.File, strings.Join(lines, "")); err != nil {
			return changes, err
		}
		changes = append(changes, Change{chart.Position(at), "added | quote to the value of an environment variable"})
	}
	return changes, nil
}

// write writes a file of the chart with the permissions that it has. It refuses a file that is elsewhere, through a
// link.
func write(folder, path, content string) error {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(relative) {
		return fmt.Errorf("%s is a link to %s, outside of the chart: edit it by hand", path, real)
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	return os.WriteFile(real, []byte(content), info.Mode().Perm())
}
