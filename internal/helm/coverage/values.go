package coverage

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/traderadmin/charts/internal/schema"
)

// values is the coverage of the values of a chart.
type values struct {
	defaults map[string]any
	schema   *schema.Document           // nil if there is none
	set      map[string]bool            // the keys that a command set, and those around them, by their paths
	seen     map[string]map[string]bool // the values in JSON that renderings had, by the paths of their keys
}

func newValues(loaded *chart.Chart) (*values, error) {
	v := &values{defaults: loaded.Values, set: map[string]bool{}, seen: map[string]map[string]bool{}}
	if len(loaded.Schema) > 0 {
		if v.schema = schema.Parse(loaded.Schema); v.schema == nil {
			return nil, errors.New("coverage: values.schema.json is not valid JSON")
		}
	}
	return v, nil
}

// add adds the values that a command was given, and those that it used.
func (v *values) add(given, top map[string]any) {
	for path := range leaves(given, nil) {
		for ; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
			v.set[path] = true
		}
	}
	used, _ := asMap(top["Values"])
	for path, value := range leaves(used, nil) {
		text, err := json.Marshal(value)
		if err != nil {
			continue // not from YAML
		}
		if v.seen[path] == nil {
			v.seen[path] = map[string]bool{}
		}
		v.seen[path][string(text)] = true
	}
}

// asMap returns a value as a mapping, whatever its Go type.
func asMap(value any) (map[string]any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return value, true
	case interface{ AsMap() map[string]any }: // chartutil.Values
		return value.AsMap(), true
	}
	return nil, false
}

// leaves returns the values that are no mappings, and empty mappings, by the paths of their keys.
func leaves(fields map[string]any, path []string) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			at := append(slices.Clone(path), key)
			if inner, isMap := asMap(fields[key]); isMap && len(inner) > 0 {
				for p, value := range leaves(inner, at) {
					if !yield(p, value) {
						return
					}
				}
			} else if !yield(strings.Join(at, "."), fields[key]) {
				return
			}
		}
	}
}

// keys returns the paths of the keys in values.yaml that hold values.
func (v *values) keys() []string {
	var keys []string
	for path := range leaves(v.defaults, nil) {
		if path != "global" {
			keys = append(keys, path)
		}
	}
	return keys
}

// count returns the number of keys that a command set, and of all.
func (v *values) count() (set, all int) {
	for _, key := range v.keys() {
		all++
		if v.set[key] {
			set++
		}
	}
	return set, all
}

// missed returns the keys that no command set, and the members of enums that none had. Keys that are all missed are one
// line.
func (v *values) missed(folder string) []string {
	var missed []string
	path := filepath.ToSlash(filepath.Join(folder, "values.yaml"))
	add := func(format string, args ...any) {
		missed = append(missed, path+": "+fmt.Sprintf(format, args...))
	}
	unset := map[string]int{}
	for _, key := range v.keys() {
		if !v.set[key] {
			unset[v.outermostUnset(key)]++
		}
	}
	for _, key := range slices.Sorted(maps.Keys(unset)) {
		if unset[key] > 1 {
			add("no scenario sets %s (%d values)", key, unset[key])
		} else {
			add("no scenario sets %s", key)
		}
	}
	for _, key := range v.keys() {
		if value, isBool := at(v.defaults, key).(bool); isBool && v.set[key] && !v.seen[key][fmt.Sprint(!value)] {
			add("%s is never %t", key, !value)
		}
		for _, member := range v.enum(key) {
			if text, err := json.Marshal(member); err == nil && !v.seen[key][string(text)] {
				add("%s is never %s", key, text)
			}
		}
	}
	return missed
}

// outermostUnset returns the outermost key around an unset one that has no set key in it.
func (v *values) outermostUnset(key string) string {
	for i, r := range key {
		if r == '.' && !v.set[key[:i]] {
			return key[:i]
		}
	}
	return key
}

// at returns the value at the path of a key.
func at(fields map[string]any, path string) any {
	var value any = fields
	for key := range strings.SplitSeq(path, ".") {
		inner, _ := asMap(value)
		value = inner[key]
	}
	return value
}

// enum returns the values that the schema lists for a key; none if it lists no values.
func (v *values) enum(path string) []any {
	if v.schema == nil {
		return nil
	}
	at := v.schema.Root()
	for key := range strings.SplitSeq(path, ".") {
		at, _ = at.Key(key)
	}
	return at.Enum()
}
