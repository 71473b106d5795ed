package rule

import (
	"iter"
	"strings"

	"github.com/agext/levenshtein"
)

// similarNames indexes the objects of a release by their names with one letter left out. Two names that differ in one
// letter share such a remainder, so similar names are found without comparing every pair. An index is built for each
// kind when it is first needed.
type similarNames map[string]map[objectKey][]objectKey

// find returns the object of the release whose name is the given one but for a typo. Of several it returns the first by
// name.
func (s similarNames) find(r *release, key objectKey) (objectKey, bool) {
	if s[key.kind] == nil {
		s[key.kind] = s.index(r, key.kind)
	}
	var found objectKey
	for remainder := range remainders(key) {
		for _, known := range s[key.kind][remainder] {
			if isTypo(key.name, known.name) && (found.name == "" || known.name < found.name) {
				found = known
			}
		}
	}
	return found, found.name != ""
}

func (s similarNames) index(r *release, kind string) map[objectKey][]objectKey {
	index := map[objectKey][]objectKey{}
	for known := range r.objects {
		if known.kind != kind {
			continue
		}
		for remainder := range remainders(known) {
			index[remainder] = append(index[remainder], known)
		}
	}
	return index
}

// remainders yields a key as it is, and with each letter of its name left out.
func remainders(key objectKey) iter.Seq[objectKey] {
	return func(yield func(objectKey) bool) {
		if !yield(key) {
			return
		}
		for i, name := 0, key.name; i < len(name); i++ {
			key.name = name[:i] + name[i+1:]
			if !yield(key) {
				return
			}
		}
	}
}

// isTypo reports whether one of two names is likely a typo of the other: they differ in a single letter. A difference
// in a short part or in a digit is deliberate, as in shard-a and shard-b, or cache-1 and cache-2.
func isTypo(a, b string) bool {
	const shortest, mistakes = 4, 1
	if levenshtein.Distance(a, b, levenshtein.NewParams().MaxCost(mistakes)) > mistakes {
		return false
	}
	parts, others := strings.Split(a, "-"), strings.Split(b, "-")
	if len(parts) != len(others) {
		return true
	}
	for i := range parts {
		if parts[i] != others[i] {
			return min(len(parts[i]), len(others[i])) >= shortest && withoutDigits(parts[i]) != withoutDigits(others[i])
		}
	}
	return false // the same name
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}
