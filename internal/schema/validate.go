package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Schema is a compiled JSON Schema.
type Schema struct{ compiled *jsonschema.Schema }

// CompileError reports why a document is not a JSON Schema.
type CompileError struct {
	// Line and Column count from 1 and locate the error in the document. They are 0 if the position is unknown.
	Line, Column int
	// Problem continues a sentence that starts with the name of the document: "is not JSON: …".
	Problem string
}

func (e *CompileError) Error() string { return "the schema " + e.Problem }

// documentURL is Helm's URL for a schema.
const documentURL = "file:///values.schema.json"

// Compile compiles a JSON Schema of draft 4 to 2020-12, as Helm does. Unlike Helm it reads no other file and no
// network: a reference that leaves the document is an error. Every error is a [*CompileError].
func Compile(content []byte) (_ *Schema, err error) {
	defer func() {
		if r := recover(); r != nil { // as Helm does
			err = &CompileError{Problem: fmt.Sprintf("is not a valid JSON Schema: %v", r)}
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		failure := &CompileError{Problem: "is not JSON: " + err.Error()}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			failure.Line, failure.Column = lineAndColumn(content, int(syntax.Offset)-1)
		}
		return nil, failure
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(offline{})
	if err := compiler.AddResource(documentURL, document); err != nil {
		return nil, &CompileError{Problem: "is not a valid JSON Schema: " + err.Error()}
	}
	compiled, err := compiler.Compile(documentURL)
	if remote := new(jsonschema.LoadURLError); errors.As(err, &remote) {
		return nil, &CompileError{Problem: fmt.Sprintf("refers to %s: it is outside the schema, and no other "+
			"document is read; "+
			"copy it into $defs", remote.URL)}
	}
	if err != nil {
		return nil, &CompileError{Problem: "is not a valid JSON Schema: " + compileProblem(err, document)}
	}
	return &Schema{compiled}, nil
}

// lineAndColumn converts an offset in bytes to a line and a column, both from 1.
func lineAndColumn(content []byte, offset int) (line, column int) {
	before := content[:min(max(offset, 0), len(content))]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), 1 + len([]rune(string(before[lineStart:])))
}

// compileProblem describes a compile error without the URLs that the compiler makes up.
func compileProblem(err error, document any) string {
	var invalid *jsonschema.SchemaValidationError
	var cause *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &cause) {
		var problems []string
		for _, v := range flatten(cause, document) {
			problems = append(problems, FormatPath(v.Path)+" "+v.Problem)
		}
		return strings.Join(problems, "; ")
	}
	return strings.ReplaceAll(err.Error(), documentURL, "values.schema.json")
}

// offline refuses references to other documents.
type offline struct{}

func (offline) Load(target string) (any, error) {
	if u, err := url.Parse(target); err == nil && u.Scheme == "urn" {
		return true, nil // Helm accepts everything there
	}
	return nil, errors.New("no other document is read")
}

// Violation is one way in which a value breaks a schema.
type Violation struct {
	// Path is the path of the value: keys of objects and indices of arrays.
	Path []string
	// Key is the key of the object at Path that is wrong, if it is not the object as a whole.
	Key string
	// Problem continues a sentence that starts with the name of the value: "must be an integer, not the string …".
	Problem string
	// Unset reports that a value is missing, null or empty, where the schema demands one.
	Unset bool
}

// Validate returns every violation of the schema by a value, which consists of the types that encoding/json decodes
// into an any.
func (s *Schema) Validate(value any) (found []Violation) {
	defer func() {
		if r := recover(); r != nil { // as Helm does
			found = []Violation{{Problem: fmt.Sprintf("cannot be validated: %v", r)}}
		}
	}()
	var cause *jsonschema.ValidationError
	if errors.As(s.compiled.Validate(value), &cause) {
		return flatten(cause, value)
	}
	return nil
}

// flatten returns the leaves of the validator's tree of causes. A value that matches none of several alternatives
// (anyOf, oneOf) is one violation.
func flatten(e *jsonschema.ValidationError, values any) []Violation {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		return []Violation{noneOf(e, values)}
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return []Violation{noneOf(e, values)}
		}
	case *kind.AdditionalProperties:
		var found []Violation
		for _, key := range k.Properties {
			found = append(found, Violation{
				Path:    e.InstanceLocation,
				Key:     key,
				Problem: "must not have the key " + strconv.Quote(key),
			})
		}
		return found
	}
	if len(e.Causes) == 0 {
		got := lookup(values, e.InstanceLocation)
		return []Violation{{Path: e.InstanceLocation, Problem: problem(e, got), Unset: isUnset(e, got)}}
	}
	var found []Violation
	for _, cause := range e.Causes {
		found = append(found, flatten(cause, values)...)
	}
	return found
}

// isUnset reports whether a value violates a keyword because nobody has set it.
func isUnset(e *jsonschema.ValidationError, got any) bool {
	_, missing := e.ErrorKind.(*kind.Required)
	return missing || got == nil || got == ""
}

// noneOf describes a value that matches no alternative. If all alternatives fail in the same way, only that is
// reported.
func noneOf(e *jsonschema.ValidationError, values any) Violation {
	got := lookup(values, e.InstanceLocation)
	if types, ok := wrongTypes(e); ok {
		return Violation{Path: e.InstanceLocation, Problem: typeProblem(types, got), Unset: isUnset(e, got)}
	}
	var alternatives []string
	for _, cause := range e.Causes {
		var problems []string
		for _, v := range flatten(cause, values) {
			p := v.Problem
			if below := v.Path[min(len(e.InstanceLocation), len(v.Path)):]; len(below) > 0 {
				p = FormatPath(below) + " " + p
			}
			problems = append(problems, p)
		}
		if alternative := strings.Join(problems, " and "); !slices.Contains(alternatives, alternative) {
			alternatives = append(alternatives, alternative)
		}
	}
	if len(alternatives) == 1 {
		return Violation{Path: e.InstanceLocation, Problem: alternatives[0], Unset: isUnset(e, got)}
	}
	return Violation{
		Path:    e.InstanceLocation,
		Problem: "must match one of the schema's alternatives: " + strings.Join(alternatives, ", or "),
		Unset:   isUnset(e, got),
	}
}

// wrongTypes returns the types of all alternatives, if the only violation of each is the type of the value.
func wrongTypes(e *jsonschema.ValidationError) (*kind.Type, bool) {
	joined := &kind.Type{}
	for _, cause := range e.Causes {
		for len(cause.Causes) == 1 {
			cause = cause.Causes[0]
		}
		wrong, ok := cause.ErrorKind.(*kind.Type)
		if !ok || len(cause.InstanceLocation) != len(e.InstanceLocation) {
			return nil, false
		}
		joined.Got = wrong.Got
		joined.Want = append(joined.Want, wrong.Want...)
	}
	return joined, len(joined.Want) > 0
}
