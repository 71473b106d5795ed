package rule

import "strings"

// isChosen reports whether users choose a text, such as the name of an object: a values set contains it or a part of
// it, or a default value for a name does.
func isChosen(p *Pass, text string) bool {
	return eachValue(p.Rendered.Overrides(), "", func(_, value string) bool {
		return strings.Contains(value, text) || isPart(value, text)
	}) || eachValue(p.Rendered.Values(), "", func(key, value string) bool {
		isName := strings.HasSuffix(strings.ToLower(key), "name") || strings.HasSuffix(key, "nameOverride") ||
			strings.HasSuffix(key, "Override")
		return strings.Contains(value, text) || isName && isPart(value, text)
	})
}

// isPart reports whether a value is a part of a text that is long enough to be no coincidence.
func isPart(value, text string) bool {
	const shortest = 3
	return len(value) >= shortest && strings.Contains(text, value)
}

// eachValue visits the strings in values, with the last key above them, until visit returns true, which it reports.
func eachValue(values any, key string, visit func(key, value string) bool) bool {
	switch values := values.(type) {
	case string:
		return visit(key, values)
	case map[string]any:
		for key, below := range values {
			if eachValue(below, key, visit) {
				return true
			}
		}
	case []any:
		for _, item := range values {
			if eachValue(item, key, visit) {
				return true
			}
		}
	}
	return false
}
