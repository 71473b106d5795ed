package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	helmchart "helm.sh/helm/v3/pkg/chart"
)

// schema is a values.schema.json, compiled or refused.
type schema struct {
	compiled *jsonschema.Schema
	failure  Failure
}

// SchemaFailures are the values.schema.json files, the chart's and its enabled subcharts', that are no JSON Schema.
func (r *Rendered) SchemaFailures() []Failure {
	var failures []Failure
	r.eachSchema(func(_ scope, s *schema) {
		if s.compiled == nil {
			failures = append(failures, s.failure)
		}
	})
	return failures
}

// Violations are all the ways in which the values break the schemas of the chart and of its enabled subcharts, in the order of
// the values files.
func (r *Rendered) Violations() []Failure {
	var found []Failure
	r.eachSchema(func(s scope, schema *schema) {
		if schema.compiled == nil {
			return
		}
		for _, v := range violations(schema.compiled, s.values) {
			failure := Failure{
				Position: r.valuePosition(s, v.location, v.key),
				Message:  keyPath(slices.Concat(s.keys, v.location)) + " " + v.problem,
			}
			if !slices.Contains(found, failure) {
				found = append(found, failure)
			}
		}
	})
	return found
}

// scope is a chart of the tree as its schema sees it: its own part of the values.
type scope struct {
	charts []*helmchart.Chart // from the root down to this one
	keys   []string           // under which the root's values hold this chart's
	folder []string           // of each of charts
	values any
}

// eachSchema visits the schemas as Helm does: subcharts for which there are no values are not looked at.
func (r *Rendered) eachSchema(visit func(scope, *schema)) {
	if r.values == nil {
		return
	}
	r.visitSchemas(scope{charts: []*helmchart.Chart{r.helm}, folder: []string{""}, values: r.values.AsMap()}, visit)
}

func (r *Rendered) visitSchemas(s scope, visit func(scope, *schema)) {
	helm, folder := s.charts[len(s.charts)-1], s.folder[len(s.folder)-1]
	if helm.Schema != nil {
		visit(s, r.chart.schema(path.Join(folder, schemaFile), helm.Schema))
	}
	for _, dependency := range helm.Dependencies() {
		values, _ := s.values.(map[string]any)[dependency.Name()].(map[string]any)
		if values == nil {
			continue // merging has refused anything but a map
		}
		r.visitSchemas(scope{
			charts: append(slices.Clone(s.charts), dependency),
			keys:   append(slices.Clone(s.keys), dependency.Name()),
			folder: append(slices.Clone(s.folder), r.folders[rawFile(dependency, metadataFile)]),
			values: values,
		}, visit)
	}
}

// schema compiles a schema, once.
func (c *Chart) schema(name string, content []byte) *schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, known := c.schemas[name]
	if !known {
		s = &schema{}
		compiled, at, err := compile(content)
		if err != nil {
			at.File = c.file(name).File
			s.failure = Failure{Position: at, Message: err.Error()}
		}
		s.compiled = compiled
		c.schemas[name] = s
	}
	return s
}

// schemaURL is what Helm calls the schema.
const schemaURL = "file:///values.schema.json"

// compile compiles a schema as Helm does, but for references that leave it: a lint reads no other file and no network. The
// position is where in content it is wrong, as far as that is known.
func compile(content []byte) (_ *jsonschema.Schema, at Position, err error) {
	defer func() {
		if r := recover(); r != nil { // as Helm does
			err = fmt.Errorf("is no valid JSON Schema: %v", r)
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = offsetPosition(content, int(syntax.Offset)-1)
		}
		return nil, at, fmt.Errorf("is not JSON: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(offline{})
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, at, fmt.Errorf("is no valid JSON Schema: %w", err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, at, fmt.Errorf("is no valid JSON Schema: %s", compileProblem(err))
	}
	return compiled, at, nil
}

func offsetPosition(content []byte, offset int) Position {
	before := content[:min(max(offset, 0), len(content))]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return Position{Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + len([]rune(string(before[lineStart:])))}
}

// compileProblem says what is wrong with a schema without naming the URLs that the compiler makes up for it.
func compileProblem(err error) string {
	var invalid *jsonschema.SchemaValidationError
	var cause *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &cause) {
		var problems []string
		for _, v := range flatten(cause, nil) {
			problems = append(problems, keyPath(v.location)+" "+v.problem)
		}
		return strings.Join(problems, "; ")
	}
	return strings.ReplaceAll(err.Error(), schemaURL, schemaFile)
}

// offline answers references to other documents.
type offline struct{}

func (offline) Load(target string) (any, error) {
	if u, err := url.Parse(target); err == nil && u.Scheme == "urn" {
		return true, nil // Helm accepts everything there
	}
	return nil, fmt.Errorf("it lies outside the schema, where a lint does not look; copy it into $defs")
}

// violation is one way in which values break a schema.
type violation struct {
	location []string // of the value
	key      string   // of the map at location that is meant, if not the map itself
	problem  string   // what is wrong, to read after the value's name
}

func violations(s *jsonschema.Schema, values any) (found []violation) {
	defer func() {
		if r := recover(); r != nil { // as Helm does
			found = []violation{{problem: fmt.Sprintf("cannot be validated: %v", r)}}
		}
	}()
	var cause *jsonschema.ValidationError
	if errors.As(s.Validate(values), &cause) {
		return flatten(cause, values)
	}
	return nil
}

// flatten is the violations at the leaves of the validator's tree of causes. Where a value has several allowed forms
// (anyOf, oneOf), that it has none of them is one violation.
func flatten(e *jsonschema.ValidationError, values any) []violation {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		return []violation{noneOf(e, values)}
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return []violation{noneOf(e, values)}
		}
	case *kind.AdditionalProperties:
		var found []violation
		for _, key := range k.Properties {
			found = append(found, violation{location: e.InstanceLocation, key: key, problem: "must not have the key " + strconv.Quote(key)})
		}
		return found
	}
	if len(e.Causes) == 0 {
		return []violation{{location: e.InstanceLocation, problem: problem(e, value(values, e.InstanceLocation))}}
	}
	var found []violation
	for _, cause := range e.Causes {
		found = append(found, flatten(cause, values)...)
	}
	return found
}

func noneOf(e *jsonschema.ValidationError, values any) violation {
	if types, ok := wrongTypes(e); ok {
		return violation{location: e.InstanceLocation, problem: typeProblem(types, value(values, e.InstanceLocation))}
	}
	var forms []string
	for _, cause := range e.Causes {
		var problems []string
		for _, v := range flatten(cause, values) {
			p := v.problem
			if below := v.location[min(len(e.InstanceLocation), len(v.location)):]; len(below) > 0 {
				p = keyPath(below) + " " + p
			}
			problems = append(problems, p)
		}
		if form := strings.Join(problems, " and "); !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	if len(forms) == 1 {
		return violation{location: e.InstanceLocation, problem: forms[0]}
	}
	return violation{location: e.InstanceLocation, problem: "has none of the forms that the schema allows: " + strings.Join(forms, ", or ")}
}

// wrongTypes joins what all forms say, where that is only that the value is of the wrong type.
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

func typeProblem(k *kind.Type, got any) string {
	return fmt.Sprintf("must be %s, not %s", article(strings.Join(k.Want, " or ")), withValue(k.Got, got))
}

// problem says in plain words how a value breaks a keyword.
func problem(e *jsonschema.ValidationError, got any) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return typeProblem(k, got)
	case *kind.Required:
		return "must have the key " + quoteAll(k.Missing)
	case *kind.Enum:
		return fmt.Sprintf("must be one of %s, not %s", printAll(k.Want), printValue(k.Got))
	case *kind.Const:
		return fmt.Sprintf("must be %s, not %s", printValue(k.Want), printValue(k.Got))
	case *kind.Pattern:
		return fmt.Sprintf("must match the pattern %s, which %s does not", k.Want, printValue(k.Got))
	case *kind.Format:
		return fmt.Sprintf("must be a valid %s, which %s is not: %v", k.Want, printValue(k.Got), k.Err)
	case *kind.Minimum:
		return fmt.Sprintf("must be at least %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be at most %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("must be more than %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("must be less than %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.MultipleOf:
		return fmt.Sprintf("must be a multiple of %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must be at least %d characters long, not %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must be at most %d characters long, not %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items, not %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items, not %d", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d keys, not %d", k.Want, k.Got)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d keys, not %d", k.Want, k.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("must not repeat an item: items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.DependentRequired:
		return fmt.Sprintf("must have the key %s with %q", quoteAll(k.Missing), k.Prop)
	case *kind.Dependency:
		return fmt.Sprintf("must have the key %s with %q", quoteAll(k.Missing), k.Prop)
	case *kind.RefCycle:
		return "cannot be checked: the schema's $ref leads back to itself at " + strings.TrimPrefix(k.URL, schemaURL)
	case *kind.FalseSchema:
		return "must not be set"
	case *kind.Not:
		return "must not be as it is: it matches what the schema rules out with \"not\""
	}
	// The rest are rare enough for the library's words: "at '': …" without the place, which is said already.
	_, words, _ := strings.Cut(e.Error(), ": ")
	return "must keep to the schema: " + words
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func withValue(kindOf string, v any) string {
	switch v.(type) {
	case map[string]any, []any:
		return article(kindOf)
	case nil:
		return "null"
	}
	return fmt.Sprintf("the %s %s", kindOf, printValue(v))
}

func printValue(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return shorten(string(text))
}

func printAll(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = printValue(v)
	}
	return strings.Join(texts, ", ")
}

func quoteAll(keys []string) string {
	quoted := make([]string, len(keys))
	for i, k := range keys {
		quoted[i] = strconv.Quote(k)
	}
	return strings.Join(quoted, ", ")
}
