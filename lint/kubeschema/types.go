package kubeschema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fieldType is the type of a field.
type fieldType struct {
	form   form
	object *object    // of a structure
	items  *fieldType // of a list or mapping
	values []string   // of an enum
}

// form determines which values a type has, and which parts of fieldType describe them.
type form uint8

const (
	anything form = iota
	text
	boolean
	int32s
	int64s
	number
	base64Text
	timestamp
	quantity
	intOrString
	enum
	list
	mapping   // a map with any keys
	structure // a map with the fields of an object
)

// object is the type of an object: its fields in all versions. A type from the store is parsed when a field is first
// looked up.
type object struct {
	open bool // accepts unknown fields

	store *store // nil for a type from a custom resource definition
	text  string
	once  sync.Once

	fields   map[string][]field // several for a name if versions differ
	required []requirement      // in the order of their names
}

// field is a field in some of the versions.
type field struct {
	typ      *fieldType
	versions versionSet
}

// requirement is a field that some versions require.
type requirement struct {
	name     string
	versions versionSet
}

// load parses the text of the object, once.
func (o *object) load() {
	o.once.Do(func() {
		if o.store == nil {
			return
		}
		o.fields = make(map[string][]field, strings.Count(o.text, "\n"))
		for line := range strings.Lines(o.text) {
			o.readField(strings.Fields(line))
		}
	})
}

func (o *object) readField(words []string) {
	name, f := words[0], field{typ: o.store.fieldType(words[1]), versions: allVersions}
	required := false
	for _, flag := range words[2:] {
		if versions, ok := strings.CutPrefix(flag, "@"); ok {
			bits, err := strconv.ParseUint(versions, 16, 8)
			if err != nil {
				panic(fmt.Sprintf("read the embedded Kubernetes schemas: %v in %q", err, words)) // a test rules it out
			}
			f.versions = versionSet(bits)
		}
		required = required || flag == "!"
	}
	o.fields[name] = append(o.fields[name], f)
	if required {
		o.required = append(o.required, requirement{name, f.versions})
	}
}

// scalars are the types that the store has a special word for.
var scalars = map[string]*fieldType{
	"any":           {form: anything},
	"string":        {form: text},
	"boolean":       {form: boolean},
	"int32":         {form: int32s},
	"int64":         {form: int64s},
	"number":        {form: number},
	"base64":        {form: base64Text},
	"time":          {form: timestamp},
	"quantity":      {form: quantity},
	"int-or-string": {form: intOrString},
}

// fieldType parses a type in the notation of the store.
func (s *store) fieldType(expression string) *fieldType {
	if scalar := scalars[expression]; scalar != nil {
		return scalar
	}
	if items, ok := strings.CutPrefix(expression, "[]"); ok {
		return &fieldType{form: list, items: s.fieldType(items)}
	}
	if values, ok := strings.CutPrefix(expression, "{}"); ok {
		return &fieldType{form: mapping, items: s.fieldType(values)}
	}
	if values, ok := strings.CutPrefix(expression, "="); ok {
		return &fieldType{form: enum, values: strings.Split(values, "|")}
	}
	return &fieldType{form: structure, object: s.objects[expression]}
}

// field returns the field with a name in one version.
func (o *object) field(name string, version versionSet) (field, bool) {
	o.load()
	for _, f := range o.fields[name] {
		if f.versions&version != 0 {
			return f, true
		}
	}
	return field{}, false
}

// versionsOf returns the versions that have a field with a name.
func (o *object) versionsOf(name string) versionSet {
	o.load()
	var versions versionSet
	for _, f := range o.fields[name] {
		versions |= f.versions
	}
	return versions
}

// names returns the names of the fields of one version, in order.
func (o *object) names(version versionSet) []string {
	o.load()
	var names []string
	for name := range o.fields {
		if _, ok := o.field(name, version); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (o *object) requirements() []requirement {
	o.load()
	return o.required
}

// requires reports whether any version requires a field.
func (o *object) requires(name string) bool {
	return slices.ContainsFunc(o.requirements(), func(r requirement) bool { return r.name == name })
}
