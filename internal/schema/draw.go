package schema

import (
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"go.yaml.in/yaml/v3"
)

// Drawn is a value that was drawn from schemas.
type Drawn struct {
	Value any
	// Guessed reports that the value has a text of which the schemas say nothing but the type, and for which there was no
	// hint.
	Guessed bool
	// Hinted reports that a hint is in the value.
	Hinted bool
}

// Hint returns values that fit the use of a value, in the types of JSON. The schemas allow any value of a type there,
// such as object, array or string.
type Hint func(path []string, typ string) []any

// Draw draws a value at a path from the schemas, with the randomness of p: rather the bounds of what they allow than
// what is between them. Where schemas have alternatives or conditions, it follows one of them, so the result may
// violate others; [Schema.Validate] says so. It reports false if the schemas do not say what values are like.
func (s Schemas) Draw(p *gopter.GenParameters, path []string, hint Hint) (Drawn, bool) {
	d := drawer{document: s.document, p: p, hint: hint}
	if len(s.nodes) == 0 {
		return Drawn{}, false
	}
	value, ok := d.draw(path, 0, s.nodes[p.Rng.Intn(len(s.nodes))])
	d.drawn.Value = value
	return d.drawn, ok
}

// drawer draws a value.
type drawer struct {
	document *Document
	p        *gopter.GenParameters
	hint     Hint
	drawn    Drawn
}

// demands is what schemas together demand of a value, after a choice between alternatives.
type demands struct {
	types      []string // nil is any type
	enum       []any    // nil is any value
	low, high  float64
	multiple   float64
	patterns   []string
	format     string
	minLength  int
	maxLength  int
	minItems   int
	maxItems   int
	names      []string // of properties, in the order of the document
	properties map[string][]*yaml.Node
	required   []string
	additional *yaml.Node // the schema of other keys
	keyPattern string     // of these keys; "" is any
	closed     bool       // there are no other keys
	items      []*yaml.Node
}

const unlimited = math.MaxInt32

// gather adds what a schema demands.
func (d *drawer) gather(f *demands, n *yaml.Node, depth int) {
	const deepest = 20 // a schema may refer to itself
	if !isObject(n) || depth > deepest {
		return
	}
	if reference := member(n, "$ref"); reference != nil {
		d.gather(f, d.document.resolve(reference.Value), depth+1)
	}
	for name, value := range members(n) {
		switch name.Value {
		case "allOf":
			for _, branch := range value.Content {
				d.gather(f, branch, depth+1)
			}
		case "anyOf", "oneOf":
			if len(value.Content) > 0 {
				d.gather(f, value.Content[d.p.Rng.Intn(len(value.Content))], depth+1)
			}
		case "if":
			if d.p.NextBool() {
				d.gather(f, value, depth+1)
				d.gather(f, member(n, "then"), depth+1)
			} else {
				d.gather(f, member(n, "else"), depth+1)
			}
		default:
			f.add(name.Value, value)
		}
	}
}

// add adds what one keyword demands.
func (f *demands) add(keyword string, value *yaml.Node) {
	number := func() float64 { n, _ := strconv.ParseFloat(value.Value, 64); return n }
	count := func() int { return int(min(max(number(), 0), unlimited)) }
	switch keyword {
	case "type":
		f.restrictTypes(texts(value))
	case "enum":
		var members []any
		if value.Decode(&members) == nil {
			f.restrictTo(members)
		}
	case "const":
		var only any
		if value.Decode(&only) == nil {
			f.restrictTo([]any{only})
		}
	case "minimum":
		f.low = max(f.low, number())
	case "maximum":
		f.high = min(f.high, number())
	case "exclusiveMinimum":
		if value.Tag != "!!bool" {
			f.low = max(f.low, math.Floor(number())+1)
		}
	case "exclusiveMaximum":
		if value.Tag != "!!bool" {
			f.high = min(f.high, math.Ceil(number())-1)
		}
	case "multipleOf":
		f.multiple = number()
	case "pattern":
		f.patterns = append(f.patterns, value.Value)
	case "format":
		f.format = value.Value
	case "minLength":
		f.minLength = max(f.minLength, count())
	case "maxLength":
		f.maxLength = min(f.maxLength, count())
	case "minItems":
		f.minItems = max(f.minItems, count())
	case "maxItems":
		f.maxItems = min(f.maxItems, count())
	case "properties":
		for name, property := range members(value) {
			if f.properties[name.Value] == nil {
				f.names = append(f.names, name.Value)
			}
			f.properties[name.Value] = append(f.properties[name.Value], property)
		}
	case "required":
		f.required = append(f.required, texts(value)...)
	case "additionalProperties":
		if isObject(value) {
			f.additional = value
		}
		f.closed = f.closed || isBool(value, "false")
	case "patternProperties":
		for pattern, property := range members(value) {
			f.additional, f.keyPattern = property, pattern.Value
		}
	case "items":
		if isObject(value) {
			f.items = append(f.items, value)
		}
	}
}

func (f *demands) restrictTypes(types []string) {
	if f.types == nil {
		f.types = types
		return
	}
	f.types = slices.DeleteFunc(slices.Clone(f.types), func(t string) bool {
		return !slices.Contains(types, t) && (t != "integer" || !slices.Contains(types, "number"))
	})
}

func (f *demands) restrictTo(values []any) {
	if f.enum == nil {
		f.enum = values
		return
	}
	f.enum = slices.DeleteFunc(slices.Clone(f.enum), func(v any) bool {
		return !slices.ContainsFunc(values, func(other any) bool { return Equal(v, other) })
	})
}

// texts returns a text, or those of a list.
func texts(n *yaml.Node) []string {
	if !isArray(n) {
		return []string{n.Value}
	}
	var found []string
	for _, item := range n.Content {
		found = append(found, item.Value)
	}
	return found
}

// typesOfKeywords are the types of values that keywords are about.
var typesOfKeywords = map[string]string{
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
	"multipleOf": "number",
	"pattern":    "string", "minLength": "string", "maxLength": "string", "format": "string",
	"items": "array", "minItems": "array", "maxItems": "array", "uniqueItems": "array", "contains": "array",
	"properties": "object", "patternProperties": "object", "additionalProperties": "object", "required": "object",
	"minProperties": "object", "maxProperties": "object", "propertyNames": "object", "dependentRequired": "object",
}

// typ chooses one of the types. If the schemas name none, it is the one that their keywords are about; "" if there is
// none either.
func (d *drawer) typ(f *demands) string {
	switch {
	case f.types != nil && len(f.types) == 0:
		return "none"
	case len(f.types) > 0:
		return f.types[d.p.Rng.Intn(len(f.types))]
	case len(f.names) > 0 || f.additional != nil || f.closed:
		return "object"
	case len(f.items) > 0 || f.minItems > 0 || f.maxItems < unlimited:
		return "array"
	case len(f.patterns) > 0 || f.format != "" || f.minLength > 0 || f.maxLength < unlimited:
		return "string"
	case !math.IsInf(f.low, 0) || !math.IsInf(f.high, 0) || f.multiple != 0:
		return "integer"
	}
	return ""
}

// draw draws a value that satisfies schemas.
func (d *drawer) draw(path []string, depth int, schemas ...*yaml.Node) (any, bool) {
	f := &demands{
		low: math.Inf(-1), high: math.Inf(1), maxLength: unlimited, maxItems: unlimited,
		properties: map[string][]*yaml.Node{},
	}
	for _, n := range schemas {
		d.gather(f, n, 0)
	}
	if f.enum != nil {
		if len(f.enum) == 0 {
			return nil, false
		}
		return f.enum[d.p.Rng.Intn(len(f.enum))], true
	}
	switch typ := d.typ(f); typ {
	case "null":
		return nil, true
	case "boolean":
		return d.p.NextBool(), true
	case "integer", "number":
		return d.number(f, typ == "number"), true
	case "string":
		return d.text(f, path)
	case "array":
		return d.array(f, path, depth)
	case "object":
		return d.object(f, path, depth)
	}
	return nil, false
}

// number draws a number: often a bound, and else one beside it, or one between the bounds.
func (d *drawer) number(f *demands, decimal bool) any {
	low, high := math.Ceil(f.low), math.Floor(f.high)
	var candidates []float64
	switch noLow, noHigh := math.IsInf(low, 0), math.IsInf(high, 0); {
	case noLow && noHigh:
		low, high = -1, 0
		candidates = []float64{1, 2, 3, 10, 100, 65536}
	case noLow:
		low = high - 1
		candidates = []float64{0, 1, -1}
	case noHigh:
		high = low + 1
		candidates = []float64{low + 2, low + 9, 100, 1000, 65536}
	default:
		candidates = []float64{low + 1, high - 1, low + float64(d.p.Rng.Int63n(max(int64(high-low), 0)+1))}
	}
	if d.p.NextBool() {
		candidates = []float64{low, high}
	}
	if decimal {
		candidates = append(candidates, low+0.5)
	}
	n := candidates[d.p.Rng.Intn(len(candidates))]
	n = min(max(n, f.low), f.high)
	if f.multiple > 0 {
		n = math.Ceil(n/f.multiple) * f.multiple
	}
	return Number(n)
}

// Number returns a number in the type that Helm gives it in --set: int64 if it is whole.
func Number(n float64) any {
	if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		return int64(n)
	}
	return n
}

// guess is the text where nothing is known of a text.
const guess = "sample"

// text draws a text that matches the pattern or the format, or else a hint.
func (d *drawer) text(f *demands, path []string) (any, bool) {
	fits := func(s string) bool {
		n := len([]rune(s))
		return n >= f.minLength && n <= f.maxLength && matchesAll(f.patterns, s)
	}
	var candidates []string
	switch {
	case len(f.patterns) > 0:
		const tries = 10
		for range tries {
			if s, ok := matching(d.p, f.patterns[0]); ok && fits(s) {
				candidates = append(candidates, s)
				break
			}
		}
		if len(candidates) > 0 {
			return candidates[0], true
		}
		return nil, false
	case formatSamples[f.format] != nil:
		candidates = formatSamples[f.format]
	default:
		for _, hinted := range d.hint(path, "string") {
			if s, isText := hinted.(string); isText {
				candidates = append(candidates, s)
			}
		}
		d.drawn.Hinted = d.drawn.Hinted || len(candidates) > 0
	}
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(s string) bool { return !fits(s) })
	if len(candidates) > 0 {
		return candidates[d.p.Rng.Intn(len(candidates))], true
	}
	d.drawn.Guessed = true
	s := guess
	if len(s) < f.minLength {
		s += strings.Repeat("x", f.minLength-len(s))
	}
	return s[:min(len(s), f.maxLength)], true
}

func matchesAll(patterns []string, s string) bool {
	return !slices.ContainsFunc(patterns, func(pattern string) bool {
		compiled, err := regexp.Compile(pattern)
		return err != nil || !compiled.MatchString(s)
	})
}

// matching draws a text of visible ASCII characters that matches a pattern.
func matching(p *gopter.GenParameters, pattern string) (string, bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	const longest = 6 // repetitions
	value, ok := gen.RegexMatch(visible(tree).String())(p.WithSize(longest)).Retrieve()
	if !ok {
		return "", false
	}
	return value.(string), true
}

// visible restricts a regular expression to visible ASCII characters and spaces, where it allows any of them.
func visible(tree *syntax.Regexp) *syntax.Regexp {
	restricted := *tree
	restricted.Sub = nil
	for _, below := range tree.Sub {
		restricted.Sub = append(restricted.Sub, visible(below))
	}
	switch tree.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		restricted.Op, restricted.Rune = syntax.OpCharClass, []rune{'!', '~'}
	case syntax.OpCharClass:
		var ascii []rune
		for i := 0; i+1 < len(tree.Rune); i += 2 {
			if first, last := max(tree.Rune[i], '!'), min(tree.Rune[i+1], '~'); first <= last {
				ascii = append(ascii, first, last)
			}
		}
		if ascii != nil {
			restricted.Rune = ascii
		}
	}
	return &restricted
}

// formatSamples are texts of the formats of JSON Schema.
var formatSamples = map[string][]string{
	"date":         {"2024-02-29"},
	"date-time":    {"2024-02-29T12:00:00Z"},
	"duration":     {"P1D", "PT1H"},
	"email":        {"someone@example.com"},
	"hostname":     {"sample.example.com", "localhost"},
	"idn-hostname": {"sample.example.com"},
	"ipv4":         {"192.0.2.10"},
	"ipv6":         {"2001:db8::1"},
	"json-pointer": {"/a/b"},
	"regex":        {"^a+$"},
	"time":         {"12:00:00Z"},
	"uri":          {"https://sample.example.com/path"},
	"uuid":         {"123e4567-e89b-12d3-a456-426614174000"},
}

// deepestValue limits the optional parts of values whose schemas refer to themselves.
const deepestValue = 4

// array draws a list: an empty one, one with few items, or a hint.
func (d *drawer) array(f *demands, path []string, depth int) (any, bool) {
	if len(f.items) == 0 {
		hinted := d.hint(path, "array")
		d.drawn.Hinted = d.drawn.Hinted || len(hinted) > 0
		if f.minItems == 0 {
			hinted = append(slices.Clip(hinted), []any{})
		}
		if len(hinted) == 0 {
			return nil, false
		}
		return hinted[d.p.Rng.Intn(len(hinted))], true
	}
	n := f.minItems
	if depth < deepestValue {
		n += d.p.Rng.Intn(3)
	}
	items := []any{}
	for range min(n, f.maxItems) {
		item, ok := d.draw(append(slices.Clip(path), strconv.Itoa(len(items))), depth+1, f.items...)
		if !ok {
			break
		}
		if !slices.ContainsFunc(items, func(other any) bool { return Equal(item, other) }) {
			items = append(items, item)
		}
	}
	return items, len(items) >= f.minItems
}

// object draws an object: its required keys, and some of the others. If the schemas name no keys, it is a hint.
func (d *drawer) object(f *demands, path []string, depth int) (any, bool) {
	if len(f.names) == 0 && f.additional == nil && !f.closed {
		if hinted := d.hint(path, "object"); len(hinted) > 0 {
			d.drawn.Hinted = true
			return hinted[d.p.Rng.Intn(len(hinted))], true
		}
		return nil, false
	}
	object := map[string]any{}
	const often = 3
	for _, name := range f.names {
		isRequired := slices.Contains(f.required, name)
		if !isRequired && (depth >= deepestValue || d.p.Rng.Intn(often) > 0) {
			continue
		}
		value, ok := d.draw(append(slices.Clip(path), name), depth+1, f.properties[name]...)
		if ok {
			object[name] = value
		} else if isRequired {
			return nil, false
		}
	}
	if f.additional != nil && depth < deepestValue && d.p.NextBool() {
		key, ok := guess, true
		if f.keyPattern != "" {
			key, ok = matching(d.p, f.keyPattern)
		}
		if value, drawn := d.draw(append(slices.Clip(path), key), depth+1, f.additional); ok && drawn {
			object[key] = value
		}
	}
	return object, true
}
