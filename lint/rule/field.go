package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

// field is the path of a field in an object, such as [spec ports 0 name].
type field []string

// parseField parses a path as the API server and the schema checks write it: spec.ports[0].name, data[a/b],
// metadata.annotations["a.b/c"].
func parseField(path string) field {
	var keys field
	for path != "" {
		key, rest := path, ""
		switch end := strings.IndexAny(path, ".["); {
		case path[0] == '[':
			key, rest = cutBracket(path)
		case end >= 0:
			key, rest = path[:end], path[end:]
		}
		if key != "" {
			keys = append(keys, key)
		}
		path = strings.TrimPrefix(rest, ".")
	}
	return keys
}

// cutBracket returns the key in the brackets that a path starts with, and the path after them.
func cutBracket(path string) (key, rest string) {
	if quoted, err := strconv.QuotedPrefix(path[1:]); err == nil {
		key, _ = strconv.Unquote(quoted)
		return key, strings.TrimPrefix(path[1+len(quoted):], "]")
	}
	key, rest, _ = strings.Cut(path[1:], "]")
	return key, rest
}

// fieldOf returns the path of a node, as the API server writes it.
func fieldOf(n chart.Node) string {
	_, keys := n.Ancestors()
	return field(keys).String()
}

// String returns the path, as the API server writes it.
func (f field) String() string {
	var path strings.Builder
	for _, key := range f {
		if strings.ContainsAny(key, `./[]"`) || isNumber(key) {
			path.WriteString("[" + key + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(key)
	}
	return path.String()
}

// nodeAt returns the value at a path; if the object does not have it, the closest value above it.
func nodeAt(o *chart.Object, f field) (at chart.Node, found bool) {
	at = o.Node
	for _, key := range f {
		next := at.Get(key)
		if index, err := strconv.Atoi(key); err == nil {
			i := 0
			for item := range at.Items() {
				if i == index {
					next = item
				}
				i++
			}
		}
		if next.IsZero() {
			return at, false
		}
		at = next
	}
	return at, true
}

// contains reports whether one field is the other one, or above it.
func (f field) contains(other field) bool {
	return len(f) <= len(other) && slices.Equal(f, other[:len(f)])
}

// Repeats reports whether a finding of the rule api-refuses says what the finding of another rule says too. Both are
// about the same object, and one is about the other's field or a field above it. A refusal of the whole object repeats
// every finding about a field. A rule that compares releases has one finding for a label in many objects.
func Repeats(refusal, other Finding) bool {
	r := Find(other.Rule)
	if refusal.Rule != APIRefuses || r == nil || !r.Refused || other.Field == "" {
		return false
	}
	refused, found := parseField(refusal.Field), parseField(other.Field)
	if r.ComparesReleases {
		return len(refused) > 0 && refused[len(refused)-1] == found[len(found)-1]
	}
	return refusal.Object == other.Object && (refused.contains(found) || found.contains(refused))
}
