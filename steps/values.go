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
	path    *jsonpath.JSONPath
	text    string // of the path, as the scenario has it
	unset   bool   // the field should not be there
	value   any
	settled bool // no controller writes the field, so that waiting changes nothing
}

// ofStatus finds the paths of fields that a controller writes.
var ofStatus = regexp.MustCompile(`^\$?\.?(status\b|\['status'\])`)

// expect reads a JSONPath and a value in YAML; no value means that the field is not there.
func expect(path, value string) (expectation, error) {
	parsed, err := parsePath(path)
	if err != nil {
		return expectation{}, err
	}
	e := expectation{path: parsed, text: path, unset: value == "", settled: !ofStatus.MatchString(strings.TrimLeft(path, "{"))}
	if e.value, err = parseYAML(value); err != nil {
		return e, fmt.Errorf("the value %s of %s is no YAML: %w", value, path, err)
	}
	return e, nil
}

// parsePath reads a JSONPath with or without its braces and leading dot, as kubectl does.
func parsePath(path string) (*jsonpath.JSONPath, error) {
	expression := path
	if !strings.HasPrefix(expression, "{") {
		if !strings.HasPrefix(expression, ".") && !strings.HasPrefix(expression, "[") && !strings.HasPrefix(expression, "$") {
			expression = "." + expression
		}
		expression = "{" + expression + "}"
	}
	parsed := jsonpath.New(path).AllowMissingKeys(true)
	if err := parsed.Parse(expression); err != nil {
		return nil, fmt.Errorf("the JSONPath %s cannot be read: %w; write it as in .spec.ports[0].port or .status.conditions[?(@.type==\"Ready\")].status", path, err)
	}
	return parsed, nil
}

func parseYAML(text string) (any, error) {
	var value any
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

// docData is the data that a step's doc string has, in YAML.
func docData(text *godog.DocString) (any, error) {
	data, err := parseYAML(text.Content)
	if err != nil {
		return nil, fmt.Errorf("the doc string is no YAML: %w", err)
	}
	return data, nil
}

// check says how the field is otherwise in data.
func (e expectation) check(data any) error {
	found, err := find(e.path, data)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", e.text, err)
	case len(found) == 0 && e.unset:
		return nil
	case len(found) == 0:
		return fmt.Errorf("%s is not there; it should be %s", e.text, asJSON(e.value))
	case e.unset:
		return fmt.Errorf("%s is %s; it should not be there", e.text, asJSON(one(found)))
	case same(one(found), e.value) || same(found, e.value):
		return nil
	}
	return fmt.Errorf("%s is %s, not %s", e.text, asJSON(one(found)), asJSON(e.value))
}

// expectations are the rows of a table with the columns path and value.
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

// meet says how data is otherwise than expected, and whether that is settled.
func meet(data any, all []expectation) (settled bool, wrong error) {
	var errs []error
	for _, e := range all {
		if err := e.check(data); err != nil {
			errs = append(errs, err)
			settled = settled || e.settled
		}
	}
	return settled, errors.Join(errs...)
}

// find returns what a path leads to in data.
func find(path *jsonpath.JSONPath, data any) ([]any, error) {
	results, err := path.FindResults(data)
	if err != nil {
		return nil, err
	}
	var found []any
	for _, values := range results {
		for _, value := range values {
			if !value.IsValid() || !value.CanInterface() {
				return nil, errors.New("it leads to nothing that can be compared")
			}
			found = append(found, value.Interface())
		}
	}
	return found, nil
}

// one is the value of a path that leads to one, or the list of what it leads to.
func one(found []any) any {
	if len(found) == 1 {
		return found[0]
	}
	return found
}

// same says whether two values are the same data, whatever types they were read into.
func same(a, b any) bool { return reflect.DeepEqual(plain(a), plain(b)) }

// plain is a value as JSON reads it.
func plain(value any) any {
	var read any
	if err := json.Unmarshal([]byte(asJSON(value)), &read); err != nil {
		return value
	}
	return read
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

// includes says how held lacks what wanted has; nil when every field of wanted is there with its value. Lists are the same or not.
func includes(held, wanted any, at string) error {
	fields, isMap := wanted.(map[string]any)
	others, bothMaps := held.(map[string]any)
	if !isMap || !bothMaps {
		if same(held, wanted) {
			return nil
		}
		return fmt.Errorf("%s is %s, not %s", at, asJSON(held), asJSON(wanted))
	}
	var wrong []error
	for name, value := range fields {
		path := strings.TrimPrefix(at+"."+name, ".")
		if other, ok := others[name]; ok {
			wrong = append(wrong, includes(other, value, path))
		} else {
			wrong = append(wrong, fmt.Errorf("%s is not there; it should be %s", path, asJSON(value)))
		}
	}
	return errors.Join(wrong...)
}
