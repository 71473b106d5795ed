package schema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// FormatPath writes a path of keys and indices as people do: image.tag, hosts[0].name, annotations["example.com/team"].
func FormatPath(path []string) string {
	if len(path) == 0 {
		return "the values"
	}
	var s strings.Builder
	for i, key := range path {
		_, err := strconv.ParseUint(key, 10, 31)
		switch {
		case err == nil && i > 0:
			s.WriteString("[" + key + "]")
		case !plainKey.MatchString(key):
			s.WriteString("[" + strconv.Quote(key) + "]")
		case i > 0:
			s.WriteString("." + key)
		default:
			s.WriteString(key)
		}
	}
	return s.String()
}

// FormatValue writes a value as JSON, shortened to 60 characters.
func FormatValue(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 60
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}

func formatValues(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = FormatValue(v)
	}
	return strings.Join(texts, ", ")
}

func quoteKeys(keys []string) string {
	quoted := make([]string, len(keys))
	for i, k := range keys {
		quoted[i] = strconv.Quote(k)
	}
	if len(keys) == 1 {
		return "the key " + quoted[0]
	}
	return "the keys " + strings.Join(quoted, ", ")
}

// lookup returns the value at a path, or nil.
func lookup(value any, path []string) any {
	for _, key := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
