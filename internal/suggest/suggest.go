// Package suggest finds what someone meant who misspelt a name.
package suggest

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// For is a question to end an error with, such as `; did you mean "limits"?`, about the known name that is closest to the one
// given; empty where none is close.
func For(given string, known []string) string {
	nearest := Nearest(given, known)
	if nearest < 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", known[nearest])
}

// Nearest is the index of what is closest to given in known; -1 where none is close: where more than a third of given, or more than two letters
// of what is short, would have to change.
func Nearest(given string, known []string) int {
	nearest, least := -1, 1+max(2, len(given)/3)
	for i, name := range known {
		if distance := levenshtein.Distance(given, name, nil); distance < least {
			nearest, least = i, distance
		}
	}
	return nearest
}
