package kubeschema

import (
	"strings"

	"github.com/agext/levenshtein"
)

// suggestion returns the path of the field that was probably meant by an unknown one, or "". It tries a typo, and then
// a field of the same name elsewhere, which the user may have indented wrongly: in an object around the unknown field,
// or below.
func suggestion(unknown *path, versions versionSet) string {
	if name := closest(unknown.key, unknown.owner.names(versions)); name != "" {
		return (&path{parent: unknown.parent, key: name}).String()
	}
	for around := unknown.parent; around != nil; around = around.parent {
		if around.owner == nil {
			continue
		}
		if _, ok := around.owner.field(unknown.key, versions); ok {
			return (&path{parent: around.parent, key: unknown.key}).String()
		}
	}
	return suggestionBelow(unknown, versions)
}

// suggestionBelow searches the objects below the owner of an unknown field, breadth first.
func suggestionBelow(unknown *path, versions versionSet) string {
	const levels = 4 // as many as between the spec of a CronJob and that of its pod
	level := []location{{unknown.owner, unknown.parent}}
	seen := map[*object]bool{}
	for range levels {
		var next []location
		for _, l := range level {
			for _, below := range l.below(versions) {
				if seen[below.object] {
					continue
				}
				seen[below.object] = true
				if _, ok := below.object.field(unknown.key, versions); ok {
					return (&path{parent: below.path, key: unknown.key}).String()
				}
				next = append(next, below)
			}
		}
		level = next
	}
	return ""
}

// location is an object type and a path at which a value of it is expected.
type location struct {
	object *object
	path   *path
}

// below returns the objects that are fields of the one at the location. It skips the status, which manifests do not
// set.
func (l location) below(versions versionSet) []location {
	var found []location
	for _, name := range l.object.names(versions) {
		f, _ := l.object.field(name, versions)
		if f.typ.form == structure && name != "status" {
			found = append(found, location{f.typ.object, &path{parent: l.path, key: name}})
		}
	}
	return found
}

// closest returns the name that was probably meant by a misspelled one, or "": a name that differs in upper and lower
// case, or in few letters.
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
