// Package probe derives values that a chart offers and that no values set tries: booleans the other way round, entries
// for empty maps and lists, texts for empty strings, and the other members of an enum.
//
// A value for an empty map, list or string has to fit its use. The package finds the use where the value goes: it
// renders the chart with a marker in the place of every empty value, and looks up in which fields of which objects the
// markers are. [Settings] then holds a sample of what those fields take. A value whose use stays unknown is not tried.
package probe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
)

// Kind is the kind of a setting.
type Kind int

// The kinds of settings.
const (
	On     Kind = iota // a boolean that is false is true
	Off                // a boolean that is true is false
	Filled             // an empty map or list has an entry
	Text               // an empty string, or one that is not set, has a text
	Member             // another member of an enum
)

// Setting is a value that a probe sets.
type Setting struct {
	chart.Setting
	Kind Kind
}

// Key returns the path of the value as people write it.
func (s Setting) Key() string { return schema.FormatPath(s.Path) }

// MadeUp reports that the value is a sample, which the chart does not name.
func (s Setting) MadeUp() bool { return s.Kind == Filled || s.Kind == Text }

// Flag returns the setting as a flag of helm install, quoted for a shell where it has to be.
func (s Setting) Flag() string {
	path, value := slices.Clone(s.Path), s.Value
	for { // a map with one entry is shorter as a path
		entries, isMap := value.(map[string]any)
		if !isMap || len(entries) != 1 {
			break
		}
		for key, v := range entries {
			path, value = append(path, key), v
		}
	}
	for i, key := range path {
		path[i] = escapeKey.Replace(key)
	}
	key := strings.Join(path, ".")
	switch value := value.(type) {
	case nil:
		return "--set " + quote(key+"=null")
	case map[string]any, []any, float64: // --set takes 0.5 as a text
		content, _ := json.Marshal(value) // the types of JSON always have JSON
		return "--set-json " + quote(key+"="+string(content))
	case string:
		flag := "--set"
		if isLiteral(value) {
			flag = "--set-string"
		}
		return flag + " " + quote(key+"="+escapeText.Replace(value))
	}
	return "--set " + quote(fmt.Sprintf("%s=%v", key, value))
}

var (
	escapeKey  = strings.NewReplacer(`.`, `\.`, `,`, `\,`, `=`, `\=`, `[`, `\[`)
	escapeText = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `{`, `\{`)
)

// isLiteral reports whether --set takes a text as a number, a boolean or null.
func isLiteral(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil || text == "true" || text == "false" || text == "null"
}

func quote(word string) string {
	if strings.ContainsAny(word, " \\{}[]\"'$*?#&;()<>|~!`") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// within reports whether a path leads into the value at another path, or to it.
func within(path, outer []string) bool {
	return len(path) >= len(outer) && slices.Equal(path[:len(outer)], outer)
}

// Uncovers reports whether a setting belongs to what another one switches: metrics.enabled uncovers the other values of
// metrics.
func (s Setting) Uncovers(other Setting) bool {
	section := s.Path[:len(s.Path)-1]
	return len(section) > 0 && within(other.Path, section)
}

// IsGate reports whether a setting switches on a part of the chart as a whole: enabled, create or install.
func (s Setting) IsGate() bool {
	return s.Kind == On && slices.Contains([]string{"enabled", "enable", "create", "install"}, s.Path[len(s.Path)-1])
}

// Refused returns the settings that the schemas of the chart refuse, or refuse together with the others.
func Refused(base *chart.Rendered, settings []Setting) (refused []Setting) {
	known := map[string]bool{}
	for _, v := range valuesschema.Validate(base, base.Values()) {
		known[violationKey(v)] = true
	}
	if !hasSchema(base) {
		return nil
	}
	for len(settings) > 0 {
		var blamed, rest []Setting
		for _, v := range valuesschema.Validate(base, with(base.Values(), settings)) {
			if known[violationKey(v)] {
				continue
			}
			at := v.Path
			if v.Key != "" {
				at = append(slices.Clone(at), v.Key)
			}
			for _, s := range settings {
				if within(s.Path, at) || within(at, s.Path) {
					blamed = append(blamed, s)
				}
			}
			if blamed == nil {
				return append(refused, settings...) // it is not known which of them is to blame
			}
		}
		if blamed == nil {
			return refused
		}
		for _, s := range settings {
			if !slices.ContainsFunc(blamed, s.same) {
				rest = append(rest, s)
			}
		}
		refused, settings = append(refused, blamed...), rest
	}
	return refused
}

func (s Setting) same(other Setting) bool {
	return s.Kind == other.Kind && slices.Equal(s.Path, other.Path) && schema.Equal(s.Value, other.Value)
}

// Without returns the settings that are not among others.
func Without(settings, others []Setting) []Setting {
	var rest []Setting
	for _, s := range settings {
		if !slices.ContainsFunc(others, s.same) {
			rest = append(rest, s)
		}
	}
	return rest
}

func violationKey(v schema.Violation) string {
	return strings.Join(v.Path, "\x00") + "\x00" + v.Key + "\x00" + v.Problem
}

func hasSchema(base *chart.Rendered) bool {
	return slices.ContainsFunc(base.Scopes(), func(s chart.Scope) bool { return s.File(chart.SchemaJSON) != nil })
}

// with returns a copy of values with some settings.
func with(values map[string]any, settings []Setting) map[string]any {
	copied := map[string]any{}
	for key, v := range values {
		copied[key] = v
	}
	for _, s := range settings {
		put(copied, s.Path, s.Value)
	}
	return copied
}

// put sets a value, and copies the maps on the way to it.
func put(values map[string]any, path []string, value any) {
	if len(path) == 1 {
		values[path[0]] = value
		return
	}
	below, _ := values[path[0]].(map[string]any)
	copied := make(map[string]any, len(below)+1)
	for key, v := range below {
		copied[key] = v
	}
	values[path[0]] = copied
	put(copied, path[1:], value)
}
