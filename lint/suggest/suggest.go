// Package suggest finds what someone meant who misspelt a name.
package suggest

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// For is a question to end an error with, such as `; did you mean "limits"?`, about the known name that is closest to the one
// given; empty where none is close.
func For(given string, known []string) string {
	nearest, least := "", 1+max(2, len(given)/3)
	for _, name := range known {
		if distance := levenshtein.Distance(given, name, nil); distance < least {
			nearest, least = name, distance
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}
