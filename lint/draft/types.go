package draft

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// typesOf returns the types of some values, sorted by [order].
func typesOf(values []any) []string {
	var types []string
	for _, value := range values {
		if t := typeOf(value); t != "" && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return sorted(types)
}

// order is the order of types in a schema.
var order = []string{"object", "array", "string", "number", "integer", "boolean", "null"}

// sorted sorts types, and leaves out what another one contains.
func sorted(types []string) []string {
	if slices.Contains(types, "number") {
		types = slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "integer" })
	}
	types = slices.Clone(types)
	slices.SortFunc(types, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return slices.Compact(types)
}

func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int, int64:
		return "integer"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	case json.Number:
		if _, err := value.Int64(); err == nil {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return ""
}

var (
	// quantity matches the keys of quantities, which are numbers or strings such as 500m.
	quantity = regexp.MustCompile(`^(cpu|memory|storage|ephemeral-storage)$|[a-z](Cpu|CPU|Memory|Size|Storage)$|^size$`)
	// amount matches the keys of numbers that are empty by default.
	amount = regexp.MustCompile(`(?i)(port|seconds|minutes|percentage|count|replicas|limit|period|timeout|weight|` +
		`threshold|min|max|available|unavailable|user|group)$`)
	// either matches the keys of numbers for which a name or a percentage may stand.
	either = regexp.MustCompile(`^(targetPort|minAvailable|maxUnavailable|maxSurge)$`)
)

// widen adds the types that a value may have besides those of its defaults, judging by its name. Without values, or if
// the only one is null, any type is accepted.
func widen(path, types []string, values []any) []string {
	if len(types) == 0 || len(types) == 1 && types[0] == "null" {
		return nil
	}
	if len(path) == 0 {
		return types
	}
	key := path[len(path)-1]
	isNumber := slices.Contains(types, "integer") || slices.Contains(types, "number")
	switch {
	case quantity.MatchString(key) && (isNumber || slices.Contains(types, "string")):
		types = append(types, "string", "number")
	case either.MatchString(key) && (isNumber || slices.Contains(types, "string")):
		types = append(types, "string", "integer")
	case amount.MatchString(key) && slices.Contains(values, any("")):
		types = append(types, "integer")
	}
	return sorted(types)
}

func mapsIn[T any](values []T) []map[string]any {
	var found []map[string]any
	for _, value := range values {
		if m, ok := any(value).(map[string]any); ok {
			found = append(found, m)
		}
	}
	return found
}

func listsIn(values []any) [][]any {
	var found [][]any
	for _, value := range values {
		if list, ok := value.([]any); ok {
			found = append(found, list)
		}
	}
	return found
}

// itemsOf returns the schema of the items of some lists; nil if they have none.
func itemsOf(lists [][]any) *node {
	items := slices.Concat(lists...)
	types := typesOf(items)
	if len(types) == 0 {
		return nil
	}
	return &node{types: types, open: true}
}

// comment is what a comment in values.yaml says about a key.
type comment struct {
	description string
	typeName    string // as helm-docs has it: -- (int) Number of replicas
}

var (
	helmDocs = regexp.MustCompile(`^--\s*(?:\((\S+?)\)\s*)?(.*)$`)
	param    = regexp.MustCompile(`^\s*##\s*@param\s+(\S+)\s+(?:\[[^\]]*\]\s*)?(.*?)\s*$`)
	noText   = regexp.MustCompile(`^(@|-{2,}$|={2,}|#+$|[\w.-]+:(\s|$)|- )`)
)

// paramsOf returns the descriptions that readme-generator reads, by the path of the key. They may be anywhere in
// values.yaml.
func paramsOf(file []string) map[string]string {
	params := map[string]string{}
	for _, line := range file {
		if found := param.FindStringSubmatch(line); found != nil {
			params[found[1]] = found[2]
		}
	}
	return params
}

// commentOf reads the comment directly above a key, as people or helm-docs write it. file are the lines of values.yaml.
func commentOf(file []string, key *yaml.Node) comment {
	var c comment
	if key == nil || key.Line > len(file) || !isFirst(file[key.Line-1], key) {
		return c
	}
	first := key.Line - 1
	for first > 0 && strings.HasPrefix(strings.TrimSpace(file[first-1]), "#") {
		first--
	}
	var lines []string
	for _, line := range file[first : key.Line-1] {
		text := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#"))
		if found := helmDocs.FindStringSubmatch(text); found != nil {
			lines, c.typeName = nil, found[1]
			text = found[2]
		} else if noText.MatchString(text) {
			continue // an example, or an annotation
		}
		if text != "" {
			lines = append(lines, text)
		}
	}
	c.description = strings.Join(lines, " ")
	return c
}

// isFirst reports whether a key is the first on its line.
func isFirst(line string, key *yaml.Node) bool {
	text := []rune(strings.TrimPrefix(line, "\ufeff"))
	return strings.TrimSpace(string(text[:min(key.Column-1, len(text))])) == ""
}

// typeNames are the types of helm-docs.
var typeNames = map[string]string{
	"string": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "object": "object",
}

// types returns the types of a value of which one default is null: those of the other ones, and that of the comment.
func (c comment) types(known []string) []string {
	if name := typeNames[c.typeName]; name != "" {
		return sorted(append(known, name))
	}
	if len(known) > 1 {
		return known
	}
	return nil
}
