package kubeschema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// typ is the type of a value.
type typ struct {
	form   form
	object *object  // of an object
	items  *typ     // of a list or map
	values []string // of an enum
}

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
	mapping
	structure
)

// object is the type of an object: its fields, in all versions. It reads its text when it is first asked for one.
type object struct {
	open bool // takes fields that it does not name

	store *store
	text  string
	once  sync.Once

	fields   map[string][]field // more than one where versions differ
	required []requirement      // in the order of their names
}

// field is a field in the form that it has in some versions.
type field struct {
	typ      *typ
	versions mask
}

const allVersions mask = 0xff

// requirement is a field that some versions require.
type requirement struct {
	name     string
	versions mask
}

// load reads the object's text, once.
func (o *object) load() {
	o.once.Do(func() {
		if o.store == nil {
			return // of a custom resource, which has no text
		}
		o.fields = make(map[string][]field, strings.Count(o.text, "\n"))
		for line := range strings.Lines(o.text) {
			o.readField(strings.Fields(line))
		}
	})
}

func (o *object) readField(words []string) {
	name, f := words[0], field{typ: o.store.typ(words[1]), versions: allVersions}
	required := false
	for _, flag := range words[2:] {
		if versions, ok := strings.CutPrefix(flag, "@"); ok {
			bits, err := strconv.ParseUint(versions, 16, 8)
			if err != nil {
				panic(fmt.Sprintf("the embedded Kubernetes schemas: %v in %q", err, words)) // which the tests rule out
			}
			f.versions = mask(bits)
		}
		required = required || flag == "!"
	}
	o.fields[name] = append(o.fields[name], f)
	if required {
		o.required = append(o.required, requirement{name, f.versions})
	}
}

// scalars are the types that stand for themselves in the store.
var scalars = map[string]*typ{
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

// typ reads a type of the store.
func (s *store) typ(expression string) *typ {
	if scalar := scalars[expression]; scalar != nil {
		return scalar
	}
	if items, ok := strings.CutPrefix(expression, "[]"); ok {
		return &typ{form: list, items: s.typ(items)}
	}
	if values, ok := strings.CutPrefix(expression, "{}"); ok {
		return &typ{form: mapping, items: s.typ(values)}
	}
	if values, ok := strings.CutPrefix(expression, "="); ok {
		return &typ{form: enum, values: strings.Split(values, "|")}
	}
	return &typ{form: structure, object: s.objects[expression]}
}

// field is the field of a name in one version.
func (o *object) field(name string, version mask) (field, bool) {
	o.load()
	for _, f := range o.fields[name] {
		if f.versions&version != 0 {
			return f, true
		}
	}
	return field{}, false
}

// names are the names of the fields of one version, in order.
func (o *object) names(version mask) []string {
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
