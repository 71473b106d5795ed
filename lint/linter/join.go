package linter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Many findings often have one cause: a template prints one value into many objects, a list has many items that lack
// the same field, a schema describes none of the keys. A reader wants one finding for each cause, so findings of one
// rule are joined if
//
//   - the rule says that they have one cause, as values-schema-open does of all objects of a schema;
//   - they are at one line, or one value causes them, and their messages differ only in the names of objects and
//     containers and in the indexes of lists.
//
// A joined finding is the first of them, in all of their variants. [Finding.Count] is their number.

// join joins the findings of one cause in the variants of a chart. It does not change the number of occurrences.
func join(found []occurrence[Finding]) []occurrence[Finding] {
	found = replaceItems(found, joinCauses(distinct(found)))
	return replaceItems(found, joinCopies(distinct(found)))
}

// distinct returns the different findings, in their order.
func distinct(found []occurrence[Finding]) []Finding {
	seen := map[Finding]bool{}
	var items []Finding
	for _, o := range found {
		if !seen[o.item] {
			seen[o.item] = true
			items = append(items, o.item)
		}
	}
	return items
}

func replaceItems(found []occurrence[Finding], joined map[Finding]Finding) []occurrence[Finding] {
	replaced := slices.Clone(found)
	for i, o := range replaced {
		if f, ok := joined[o.item]; ok {
			replaced[i].item = f
		}
	}
	return replaced
}

// number returns how many violations a finding stands for.
func (f Finding) number() int { return max(f.Count, 1) }

// withCount sets the number of violations.
func (f Finding) withCount(n int) Finding {
	f.Count = n
	if n == 1 {
		f.Count = 0
	}
	return f
}

// joinCauses joins findings of which the rule says that they have one cause. It returns the joined finding of each.
func joinCauses(findings []Finding) map[Finding]Finding {
	type cause struct {
		rule, several string
		severity      Severity
	}
	members := map[cause][]Finding{}
	for _, f := range findings {
		if f.several != "" {
			c := cause{f.Rule, f.several, f.Severity}
			members[c] = append(members[c], f)
		}
	}
	joined := map[Finding]Finding{}
	for c, group := range members {
		f := group[0]
		switch parts := partsOf(group); {
		case len(parts) > 1:
			f.Message = strings.NewReplacer(
				"{count}", strconv.Itoa(len(parts)), "{parts}", enumerate(parts)).Replace(c.several)
		case len(group) > 1:
			f = copiesOf(group)
		}
		f.several, f.part = "", ""
		f = f.withCount(len(group))
		for _, member := range group {
			joined[member] = f
		}
	}
	return joined
}

func partsOf(findings []Finding) []string {
	var parts []string
	for _, f := range findings {
		if !slices.Contains(parts, f.part) {
			parts = append(parts, f.part)
		}
	}
	return parts
}

// enumerate names the first parts of a list, such as "a, b, c and 4 more".
func enumerate(parts []string) string {
	const most = 3
	switch {
	case len(parts) == 1:
		return parts[0]
	case len(parts) <= most+1: // "and 1 more" is not shorter than its name
		return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
	}
	return fmt.Sprintf("%s and %d more", strings.Join(parts[:most], ", "), len(parts)-most)
}

// joinCopies joins findings whose messages differ only in names and indexes.
func joinCopies(findings []Finding) map[Finding]Finding {
	type original struct {
		rule, message string
		severity      Severity
		at            Position // of the value that causes the finding, or else of the finding
	}
	members := map[original][]Finding{}
	for _, f := range findings {
		o := original{f.Rule, anonymous(f), f.Severity, f.Position}
		if hasPosition := f.Value.Position.Line > 0; hasPosition {
			o.at = f.Value.Position
		}
		if o.at.Line > 0 {
			members[o] = append(members[o], f)
		}
	}
	joined := map[Finding]Finding{}
	for _, group := range members {
		if len(group) == 1 {
			continue
		}
		f := copiesOf(group)
		for _, member := range group {
			joined[member] = f
		}
	}
	return joined
}

// copiesOf joins copies of a finding.
func copiesOf(group []Finding) Finding {
	f, n := group[0], 0
	var others []string
	for _, other := range group {
		n += other.number()
		if other.Object != f.Object && !slices.Contains(others, other.Object) {
			others = append(others, other.Object)
		}
	}
	switch places := n - f.number(); {
	case len(others) > 0:
		f.Message += " (also in " + enumerate(others) + ")"
	case places == 1:
		f.Message += " (also in 1 other place)"
	default:
		f.Message += fmt.Sprintf(" (also in %d other places)", places)
	}
	return f.withCount(n)
}

// index matches the index of a list in a path, and role the name of a container with its role.
var (
	index = regexp.MustCompile(`\[\d+\]`)
	role  = regexp.MustCompile(`\b(?:init |sidecar )?container "[^"]*"`)
)

// anonymous returns the message of a finding without the names of its object and container and without indexes.
func anonymous(f Finding) string {
	message := f.Message
	if f.Object != "" {
		message = strings.ReplaceAll(message, f.Object, "*")
		if _, name, ok := strings.Cut(f.Object, "/"); ok && name != "" {
			message = strings.ReplaceAll(message, name, "*")
		}
	}
	if f.Container != "" {
		message = role.ReplaceAllLiteralString(message, "container *")
	}
	return index.ReplaceAllLiteralString(message, "[*]")
}
