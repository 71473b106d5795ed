package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/leanovate/gopter"
	"go.yaml.in/yaml/v3"
)

// Constraint is a keyword of a document that should refuse some values.
type Constraint struct {
	// Keyword is the key in the document.
	Keyword *yaml.Node
	// Path is the path of a value that the keyword is about. Where the schema names no key of a map, the path has one that
	// it describes all the same.
	Path []string
	// InList reports, for each step of the path, whether it is the index of a list.
	InList []bool
	// Alternative reports that the keyword is in a branch of anyOf or oneOf, so that another branch may accept what this
	// one refuses.
	Alternative bool
	// Useless says why the keyword refuses nothing, whatever the values; "" if it may.
	Useless string

	meant string // the keyword, or the one that is meant if it is misspelt
	value *yaml.Node
	owner *yaml.Node
}

// Schemas returns the schema that has the keyword.
func (c Constraint) Schemas(d *Document) Schemas {
	return Schemas{document: d, nodes: []*yaml.Node{c.owner}}
}

// Without returns the schema of the document without the keyword, or nil if it does not compile.
func (c Constraint) Without(d *Document) *Schema {
	content, err := json.Marshal(without(d.root, c.Keyword))
	if err != nil {
		return nil
	}
	compiled, err := Compile(content)
	if err != nil {
		return nil
	}
	return compiled
}

// without returns a part of a document, in the types of JSON, without one keyword.
func without(n, keyword *yaml.Node) any {
	switch {
	case isObject(n):
		object := map[string]any{}
		for name, value := range members(n) {
			if name != keyword {
				object[name.Value] = without(value, keyword)
			}
		}
		return object
	case isArray(n):
		list := []any{}
		for _, item := range n.Content {
			list = append(list, without(item, keyword))
		}
		return list
	}
	var scalar any
	_ = n.Decode(&scalar) // a scalar of JSON
	return scalar
}

// IsAnnotation reports whether the keyword may be meant as a description.
func (c Constraint) IsAnnotation() bool { return c.meant == "format" }

// Constraints returns the keywords of a document that should refuse values, once for each place that refers to them. It
// omits those under not, if, then, else and dependentSchemas, which depend on other values.
func (d *Document) Constraints() []Constraint {
	s := constraintSearch{document: d, draft: draftOf(d.root), visits: map[*yaml.Node]int{}}
	s.visit(d.root, Constraint{})
	return s.found
}

// draftOf returns the number of the draft that a document is written for: 4, 6, 7, 2019 or 2020.
func draftOf(root *yaml.Node) int {
	declared := member(root, "$schema")
	if declared == nil {
		return 2020 // the validator's default
	}
	for _, draft := range []struct {
		part   string
		number int
	}{{"draft-04", 4}, {"draft-06", 6}, {"draft-07", 7}, {"2019-09", 2019}} {
		if strings.Contains(declared.Value, draft.part) {
			return draft.number
		}
	}
	return 2020
}

// firstDrafts are the drafts that introduced a keyword.
var firstDrafts = map[string]int{
	"const": 6, "contains": 6, "propertyNames": 6, "if": 7, "then": 7, "else": 7,
	"dependentRequired": 2019, "dependentSchemas": 2019, "unevaluatedProperties": 2019, "unevaluatedItems": 2019,
	"minContains": 2019, "maxContains": 2019, "prefixItems": 2020,
}

// others are further keywords, which are no misspelling of one that refuses something.
var others = []string{
	"$anchor", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$schema",
	"$vocabulary", "additionalItems", "allOf", "anyOf", "contentEncoding", "contentMediaType", "contentSchema",
	"definitions", "dependencies", "example", "id", "not", "nullable", "oneOf",
}

// assertions returns the keywords that refuse values themselves.
func assertions() []string {
	known := slices.Collect(maps.Keys(typesOfKeywords))
	known = slices.AppendSeq(known, maps.Keys(firstDrafts))
	known = append(known, "type", "enum")
	slices.Sort(known)
	return slices.Compact(known)
}

// constraintSearch finds the constraints of a document.
type constraintSearch struct {
	document *Document
	draft    int
	visits   map[*yaml.Node]int
	found    []Constraint
}

// visit searches a schema, which describes the value at a place. It visits one that others share a few times only.
func (s *constraintSearch) visit(n *yaml.Node, at Constraint) {
	const most = 4
	if s.visits[n]++; !isObject(n) || s.visits[n] > most {
		return
	}
	reference := member(n, "$ref")
	ignored := reference != nil && s.draft < 2019
	for name, value := range members(n) {
		at.Keyword, at.value, at.owner = name, value, n
		s.add(at, ignored)
	}
	if reference != nil {
		s.visit(s.document.resolve(reference.Value), at)
	}
	if !ignored {
		s.visitBelow(n, at)
	}
}

// visitBelow searches the schemas in a schema.
func (s *constraintSearch) visitBelow(n *yaml.Node, at Constraint) {
	below := func(schema *yaml.Node, key string, inList bool) {
		next := at
		next.Path, next.InList = append(slices.Clip(at.Path), key), append(slices.Clip(at.InList), inList)
		s.visit(schema, next)
	}
	for name, value := range members(n) {
		switch name.Value {
		case "allOf":
			for _, branch := range value.Content {
				s.visit(branch, at)
			}
		case "anyOf", "oneOf":
			branches := at
			branches.Alternative = true
			for _, branch := range value.Content {
				s.visit(branch, branches)
			}
		case "properties":
			for key, property := range members(value) {
				below(property, key.Value, false)
			}
		case "patternProperties":
			for pattern, property := range members(value) {
				if key, ok := matching(gopter.MinGenParameters().CloneWithSeed(0), pattern.Value); ok && key != "" {
					below(property, key, false)
				}
			}
		case "additionalProperties":
			below(value, guess, false)
		case "items":
			below(value, "0", true)
		}
	}
}

// add adds a keyword, if it should refuse anything. ignored means that a reference beside it hides it.
func (s *constraintSearch) add(c Constraint, ignored bool) {
	known := assertions()
	name := c.Keyword.Value
	c.meant = name
	switch isKnown := slices.Contains(known, name); {
	case !isKnown && (slices.Contains(annotations, name) || slices.Contains(others, name)):
		return
	case !isKnown:
		if c.meant = misspelt(name, known); c.meant == "" {
			return // an annotation of another tool
		}
		c.Useless = fmt.Sprintf("JSON Schema has no such keyword; did you mean %q?", c.meant)
	case ignored && s.repeats(c):
		return
	case ignored:
		c.Useless = fmt.Sprintf("draft %d ignores what is beside $ref; put both into allOf", s.draft)
	case s.draft < firstDrafts[name]:
		c.Useless = fmt.Sprintf("draft %d does not know it: set $schema to a later one", s.draft)
	case name == "format" && s.draft >= 2019:
		c.Useless = "since draft 2019-09 it only describes; add a pattern, or set $schema to draft 7"
	case (name == "then" || name == "else") && member(c.owner, "if") == nil:
		c.Useless = `there is no "if"`
	default:
		c.Useless = s.wrongType(c)
	}
	if c.Useless == "" && !breakable[c.meant] {
		return
	}
	s.found = append(s.found, c)
}

// repeats reports whether the schema that the one with a keyword refers to has the same.
func (s *constraintSearch) repeats(c Constraint) bool {
	value := member(s.document.resolve(member(c.owner, "$ref").Value), c.meant)
	return value != nil && Equal(without(value, nil), without(c.value, nil))
}

// misspelt returns the keyword that is probably meant by another name; "" if there is none.
func misspelt(name string, known []string) string {
	const short = 7
	nearest, least := "", 3 // more letters are another word
	if len(name) < short {
		least = 2
	}
	for _, keyword := range known {
		if distance := levenshtein.Distance(name, keyword, nil); distance < least {
			nearest, least = keyword, distance
		}
	}
	return nearest
}

// wrongType says that a keyword is about values of another type than its schema accepts.
func (s *constraintSearch) wrongType(c Constraint) string {
	about, types := typesOfKeywords[c.Keyword.Value], member(c.owner, "type")
	if about == "" || types == nil {
		return ""
	}
	accepted := texts(types)
	if slices.Contains(accepted, about) || about == "number" && slices.Contains(accepted, "integer") {
		return ""
	}
	return fmt.Sprintf("it is about %ss, and the type is %s", about, strings.Join(accepted, " or "))
}

// breakable are the keywords that Broken knows to break.
var breakable = map[string]bool{
	"type": true, "enum": true, "const": true, "minimum": true, "maximum": true, "exclusiveMinimum": true,
	"exclusiveMaximum": true, "minLength": true, "maxLength": true, "pattern": true, "format": true, "minItems": true,
	"maxItems": true, "uniqueItems": true, "required": true, "additionalProperties": true,
}

// Broken returns values that break the constraint, and nothing else as far as possible, given one that satisfies it.
func (c Constraint) Broken(valid any) []any {
	number, _ := strconv.ParseFloat(c.value.Value, 64)
	switch c.meant {
	case "type":
		return c.otherTypes()
	case "enum", "const":
		return c.otherMembers()
	case "minimum":
		return []any{Number(math.Ceil(number) - 1)}
	case "maximum":
		return []any{Number(math.Floor(number) + 1)}
	case "exclusiveMinimum", "exclusiveMaximum":
		return []any{Number(number)}
	case "minLength", "maxLength":
		return c.otherLengths(int(number), valid)
	case "pattern":
		return c.mismatches()
	case "format":
		return mapOf(misformed[c.value.Value])
	case "minItems", "maxItems", "uniqueItems":
		list, _ := valid.([]any)
		return c.otherLists(int(number), list)
	}
	object, isObject := valid.(map[string]any)
	if !isObject {
		return nil
	}
	return c.otherObjects(object)
}

func mapOf(texts []string) []any {
	var values []any
	for _, text := range texts {
		values = append(values, text)
	}
	return values
}

// otherTypes returns a value of each type that the keyword "type" does not name. Null is none: Helm takes it for no
// value.
func (c Constraint) otherTypes() []any {
	accepted := texts(c.value)
	var values []any
	for _, sample := range []struct {
		typ   string
		value any
	}{
		{"string", guess}, {"integer", int64(7)}, {"number", 7.5}, {"boolean", true}, {"array", []any{}},
		{"object", map[string]any{}},
	} {
		isInteger := sample.typ == "integer" && slices.Contains(accepted, "number")
		if !slices.Contains(accepted, sample.typ) && !isInteger {
			values = append(values, sample.value)
		}
	}
	return values
}

// otherMembers returns values that "enum" or "const" does not name.
func (c Constraint) otherMembers() []any {
	var members []any
	if c.meant == "const" {
		members = []any{nil}
	}
	if c.meant == "const" && c.value.Decode(&members[0]) != nil || c.meant == "enum" && c.value.Decode(&members) != nil {
		return nil
	}
	var values []any
	for _, other := range []any{"no-member", int64(7777), true, false} {
		sameType := slices.ContainsFunc(members, func(m any) bool { return fmt.Sprintf("%T", m) == fmt.Sprintf("%T", other) })
		isMember := slices.ContainsFunc(members, func(m any) bool { return Equal(m, other) })
		if sameType && !isMember {
			values = append(values, other)
		}
	}
	return values
}

func (c Constraint) otherLengths(length int, valid any) []any {
	text, _ := valid.(string)
	if c.meant == "maxLength" {
		return []any{text + strings.Repeat("x", max(length+1-len([]rune(text)), 1))}
	}
	if length == 0 {
		return nil
	}
	return []any{strings.Repeat("x", length-1)}
}

// mismatches returns texts that do not match a pattern.
func (c Constraint) mismatches() []any {
	pattern, err := regexp.Compile(c.value.Value)
	if err != nil {
		return nil
	}
	var values []any
	for _, text := range []string{guess, "SAMPLE", "0", "-", "!", "a b", " ", "ä", ""} {
		if !pattern.MatchString(text) {
			values = append(values, text)
		}
	}
	return values
}

// misformed are texts that are not of a format.
var misformed = map[string][]string{
	"date": {"no date"}, "date-time": {"no date"}, "time": {"no time"}, "duration": {"no duration"},
	"email": {"no email"}, "hostname": {"no hostname!"}, "ipv4": {"no address"}, "ipv6": {"no address"},
	"uri": {"no uri"}, "uuid": {"no uuid"}, "regex": {"("}, "json-pointer": {"no pointer"},
}

func (c Constraint) otherLists(length int, list []any) []any {
	switch {
	case c.meant == "minItems" && length > 0 && len(list) >= length:
		return []any{list[:length-1]}
	case c.meant == "uniqueItems" && len(list) > 0 && isBool(c.value, "true"):
		return []any{append(slices.Clone(list), list[0])}
	case c.meant == "maxItems" && len(list) > 0:
		longer := slices.Clone(list)
		for len(longer) <= length {
			longer = append(longer, list[0])
		}
		return []any{longer}
	}
	return nil
}

func (c Constraint) otherObjects(object map[string]any) []any {
	var values []any
	switch c.meant {
	case "required":
		for _, key := range texts(c.value) {
			if _, has := object[key]; has {
				fewer := maps.Clone(object)
				delete(fewer, key)
				values = append(values, fewer)
			}
		}
	case "additionalProperties":
		if isBool(c.value, "false") {
			more := maps.Clone(object)
			more["not-described"] = guess
			values = append(values, more)
		}
	}
	return values
}
