package draw

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"

	"github.com/traderadmin/charts/lint/probe"
)

var drawType = reflect.TypeFor[Draw]()

// shrinkValue returns smaller values in the place of a drawn one.
func shrinkValue(v any) gopter.Shrink {
	switch v := v.(type) {
	case string:
		if v != probe.Name { // a part of it says no more
			return gen.StringShrinker(v)
		}
	case int64:
		return gen.Int64Shrinker(v)
	case float64:
		if whole := math.Trunc(v); whole != v {
			return each([]any{whole})
		}
		return gen.Int64Shrinker(int64(v)).Map(func(smaller int64) float64 { return float64(smaller) })
	case []any:
		return shrinkList(v)
	case map[string]any:
		return shrinkMap(v)
	}
	return gopter.NoShrink
}

// each returns some values, one after another.
func each(values []any) gopter.Shrink {
	return func() (any, bool) {
		if len(values) == 0 {
			return nil, false
		}
		next := values[0]
		values = values[1:]
		return next, true
	}
}

// asHelmReads returns a value in the types that it has when Helm reads it from the flag of the change. Lists, and maps
// with several keys, are read by --set-json, which has no integers.
func asHelmReads(v any) any {
	entries, isMap := v.(map[string]any)
	if _, isList := v.([]any); !isMap && !isList {
		return v
	}
	if isMap && len(entries) == 1 {
		read := map[string]any{}
		for key, below := range entries {
			read[key] = asHelmReads(below)
		}
		return read
	}
	content, err := json.Marshal(v)
	var read any
	if err != nil || json.Unmarshal(content, &read) != nil {
		return v
	}
	return read
}

// shrinkList leaves out items, and shrinks each.
func shrinkList(list []any) gopter.Shrink {
	var fewer []any
	for i := range list {
		fewer = append(fewer, slices.Delete(slices.Clone(list), i, i+1))
	}
	shrinks := []gopter.Shrink{each(fewer)}
	for i, item := range list {
		shrinks = append(shrinks, shrinkValue(item).Map(func(smaller any) []any {
			shrunk := slices.Clone(list)
			shrunk[i] = smaller
			return shrunk
		}))
	}
	return gopter.ConcatShrinks(shrinks...)
}

// shrinkMap leaves out keys, and shrinks the value of each.
func shrinkMap(entries map[string]any) gopter.Shrink {
	keys := slices.Sorted(maps.Keys(entries))
	var fewer []any
	for _, key := range keys {
		smaller := maps.Clone(entries)
		delete(smaller, key)
		fewer = append(fewer, smaller)
	}
	shrinks := []gopter.Shrink{each(fewer)}
	for _, key := range keys {
		shrinks = append(shrinks, shrinkValue(entries[key]).Map(func(smaller any) map[string]any {
			shrunk := maps.Clone(entries)
			shrunk[key] = smaller
			return shrunk
		}))
	}
	return gopter.ConcatShrinks(shrinks...)
}
