package upgrade

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Change is a value that an upgrade changes in a manifest. Values have the types of JSON.
type Change struct {
	// Path are the keys and indices that lead to the value.
	Path []string
	// Before and After are the value; nil if it is not set.
	Before, After any
}

// Changes returns the differences between two manifests, the smallest possible: a list of another length is one, and so
// is a map that is only in one of the manifests. Null is a value that is not set.
func Changes(before, after any) []Change { return changes(nil, before, after) }

func changes(path []string, before, after any) []Change {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	var found []Change
	add := func(key string, before, after any) {
		found = append(found, changes(append(slices.Clip(path), key), before, after)...)
	}
	switch was := before.(type) {
	case map[string]any:
		is, ok := after.(map[string]any)
		if !ok {
			break
		}
		for _, key := range sortedKeys(was, is) {
			add(key, was[key], is[key])
		}
		return found
	case []any:
		is, ok := after.([]any)
		if !ok || len(was) != len(is) {
			break
		}
		for i := range was {
			add(strconv.Itoa(i), was[i], is[i])
		}
		return found
	}
	return []Change{{path, before, after}}
}

func sortedKeys(before, after map[string]any) []string {
	keys := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// applied returns a copy of a manifest with only this change.
func (c Change) applied(manifest any) any { return with(manifest, c.Path, c.After) }

func with(manifest any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	switch v := manifest.(type) {
	case map[string]any:
		changed := maps.Clone(v)
		if below := with(v[path[0]], path[1:], value); below != nil {
			changed[path[0]] = below
		} else {
			delete(changed, path[0])
		}
		return changed
	case []any:
		changed := slices.Clone(v)
		i, _ := strconv.Atoi(path[0]) // the path is that of a change
		changed[i] = with(v[i], path[1:], value)
		return changed
	}
	return value
}
