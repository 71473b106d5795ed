package steps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/cucumber/godog"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"
)

// expectation is a field, by its JSONPath, and the value that it should have.
type expectation struct {
	path     *jsonpath.JSONPath
	text     string // of the path, as the scenario wrote it
	absent   bool   // the field should not exist
	value    any
	ofStatus bool // a controller writes the field, so that it may change
}

// statusPath finds paths to fields that controllers write.
var statusPath = regexp.MustCompile(`^\$?\.?(status\b|\['status'\])`)

// expect parses a JSONPath and a value in YAML. An empty value means that the field should not exist.
func expect(path, value string) (expectation, error) {
	parsed, err := parsePath(path)
	if err != nil {
		return expectation{}, err
	}
	ofStatus := statusPath.MatchString(strings.TrimLeft(path, "{"))
	e := expectation{path: parsed, text: path, absent: value == "", ofStatus: ofStatus}
	if e.value, err = parseYAML(value); err != nil {
		return e, fmt.Errorf("the value %s of %s is not valid YAML: %w", value, path, err)
	}
	return e, nil
}

// parsePath parses a JSONPath with or without braces and leading dot, as kubectl does.
func parsePath(path string) (*jsonpath.JSONPath, error) {
	parsed := jsonpath.New(path).AllowMissingKeys(true)
	if err := parsed.Parse(braced(path)); err != nil {
		return nil, fmt.Errorf("invalid JSONPath %s: %w; examples are .spec.ports[0].port and "+
			".status.conditions[?(@.type==\"Ready\")].status", path, err)
	}
	return parsed, nil
}

// braced returns a JSONPath in the form that its parser takes.
func braced(path string) string {
	switch {
	case strings.HasPrefix(path, "{"):
		return path
	case strings.HasPrefix(path, "."), strings.HasPrefix(path, "["), strings.HasPrefix(path, "$"):
		return "{" + path + "}"
	}
	return "{." + path + "}"
}

func parseYAML(text string) (any, error) {
	var value any
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

// docData parses the doc string of a step as YAML.
func docData(text *godog.DocString) (any, error) {
	data, err := parseYAML(text.Content)
	if err != nil {
		return nil, fmt.Errorf("the doc string is not valid YAML: %w", err)
	}
	return data, nil
}

// check returns an error if data does not have the expected field.
func (e expectation) check(data any) error {
	found, err := find(e.path, data)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", e.text, err)
	case len(found) == 0 && e.absent:
		return nil
	case len(found) == 0:
		return fmt.Errorf("%s does not exist; it should be %s", e.text, asJSON(e.value))
	case e.absent:
		return fmt.Errorf("%s is %s; it should not exist", e.text, asJSON(one(found)))
	case same(one(found), e.value) || same(found, e.value):
		return nil
	}
	return fmt.Errorf("%s is %s, not %s", e.text, asJSON(one(found)), asJSON(e.value))
}

// expectations parses a table with the columns path and value.
func expectations(table *godog.Table) ([]expectation, error) {
	var all []expectation
	for _, row := range records(table) {
		e, err := expect(row["path"], row["value"])
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// compare returns how data differs from what is expected. The mismatch is final if a field differs that no controller
// writes.
func compare(data any, all []expectation) mismatch {
	var wrong []error
	final := false
	for _, e := range all {
		if err := e.check(data); err != nil {
			wrong = append(wrong, err)
			final = final || !e.ofStatus
		}
	}
	return mismatch{errors.Join(wrong...), final}
}

// find returns the values that a path leads to in data.
func find(path *jsonpath.JSONPath, data any) ([]any, error) {
	results, err := path.FindResults(data)
	if err != nil {
		return nil, err
	}
	var found []any
	for _, values := range results {
		for _, value := range values {
			if !value.IsValid() || !value.CanInterface() {
				return nil, errors.New("it does not lead to a value")
			}
			found = append(found, value.Interface())
		}
	}
	return found, nil
}

// one returns the only value that was found, or the list of them.
func one(found []any) any {
	if len(found) == 1 {
		return found[0]
	}
	return found
}

// same reports whether two values are the same data in JSON, whatever their Go types.
func same(a, b any) bool { return reflect.DeepEqual(normalized(a), normalized(b)) }

// normalized returns a value as JSON decodes it.
func normalized(value any) any {
	var decoded any
	if err := json.Unmarshal([]byte(asJSON(value)), &decoded); err != nil {
		return value
	}
	return decoded
}

func asJSON(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(text.String())
}

// includes returns an error for every field of want that got lacks, or has with another value. Lists must be equal.
func includes(got, want any, path string) error {
	wantFields, isMap := want.(map[string]any)
	gotFields, bothMaps := got.(map[string]any)
	if !isMap || !bothMaps {
		if same(got, want) {
			return nil
		}
		return fmt.Errorf("%s is %s, not %s", path, asJSON(got), asJSON(want))
	}
	var wrong []error
	for name, value := range wantFields {
		inner := strings.TrimPrefix(path+"."+name, ".")
		if field, ok := gotFields[name]; ok {
			wrong = append(wrong, includes(field, value, inner))
		} else {
			wrong = append(wrong, fmt.Errorf("%s does not exist; it should be %s", inner, asJSON(value)))
		}
	}
	return errors.Join(wrong...)
}

// differs returns an error if a named value is not the expected one.
func differs(name, got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %q, not %q", name, got, want)
}
