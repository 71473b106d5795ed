// Package suggest finds the known name that a misspelt name probably means.
package suggest

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// For returns the end of an error about an unknown name, such as `; did you mean "limits"?`. It returns "" if no known
// name is close to the given one.
func For(given string, known []string) string {
	nearest := Nearest(given, known)
	if nearest < 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", known[nearest])
}

// Nearest returns the index of the known name with the smallest Levenshtein distance to the given one. It returns -1 if
// that distance is more than a third of the length of the given name, and more than 2.
func Nearest(given string, known []string) int {
	nearest, least := -1, 1+max(2, len(given)/3)
	for i, name := range known {
		if distance := levenshtein.Distance(given, name, nil); distance < least {
			nearest, least = i, distance
		}
	}
	return nearest
}
