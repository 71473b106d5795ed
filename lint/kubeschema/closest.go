package kubeschema

import (
	"strings"

	"github.com/agext/levenshtein"
)

// closest is the name that a misspelt one was likely meant to be, or empty: the same but for upper and lower case, or a
// few letters away.
func closest(name string, names []string) string {
	best, distance := "", 2+len(name)/5
	for _, candidate := range names {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if d := levenshtein.Distance(name, candidate, nil); d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	return best
}
